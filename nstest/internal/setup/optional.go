// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/denial"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// options are what a fixture adds to its namespaces where it can, and what tests do
// without where it cannot.
var options = map[string]string{
	"settings": "some settings: none but root has ping sockets, IPv4 is set as on the host, and IPv6 addresses " +
		"that AddAddress did not add are tentative for a second or two",
	"sysfs":    "a /sys of their own, which shows their network",
	"run":      "a /run/netns of their own",
	"hostname": "host names of their own",
	"proc":     "a /proc of their own, which shows the processes of their pid namespace",
}

// Optional adds one of them, by its name. Most tests get along without, and the others will fail by
// themselves: here it is said once in a process.
func Optional(name string, add func() error) {
	err := add()
	if err == nil {
		return
	}
	if _, before := said.LoadOrStore(name, true); before {
		return
	}
	cause, _, _ := strings.Cut(err.Error(), "\n") // the others are of the same kind
	reason := denial.Masks(procfs.Root)
	switch name {
	case "hostname":
		reason = denial.Confinement(procfs.Root)
	case "sysfs":
		reason = denial.Sysfs(procfs.Root)
	}
	if remedy := reason.Remedy; remedy != "" {
		cause += "; try: " + remedy
	}
	fmt.Fprintf(os.Stderr, "nstest: fixtures go without %s: %s\n", options[name], cause)
}

var said sync.Map
