// SPDX-License-Identifier: Apache-2.0

package rootless

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/forward"
	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/setup"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A mode is what NSTEST_ROOTLESS and the options of Main say.
type mode struct {
	when       string // auto, off or force
	ownNetwork bool
}

// read reads the variable, whose words are separated by commas.
func (m *mode) read(value string) error {
	m.when = "auto"
	if value == "" {
		return nil
	}
	for word := range strings.SplitSeq(value, ",") {
		switch word {
		case "auto", "off", "force":
			m.when = word
		case "net":
			m.ownNetwork = true
		case "host":
			m.ownNetwork = false
		default:
			return fmt.Errorf("%s=%q: %q is none of auto, off, force, net, host", Variable, value, word)
		}
	}
	return nil
}

// needsChild reports whether the tests are to run in a child.
func (m *mode) needsChild() bool {
	switch m.when {
	case "off":
		return false
	case "force":
		return true
	}
	return !canUnshare() || m.ownNetwork && !CanReturn()
}

// CanReturn reports whether a thread that has left this process's network may come back. That
// takes CAP_SYS_ADMIN in the user namespace that owns the network (setns(2)), for which it
// does not matter where the thread is.
func CanReturn() bool {
	home, err := sys.Open("/proc/thread-self/ns/net")
	if err != nil {
		return false
	}
	defer home.Close()
	return sys.Setns(home, set.NS_NET) == nil
}

// tunnelFD is where a child with a network of its own finds its end of the tunnel: the second
// of ExtraFiles.
const tunnelFD = ticketFD + 1

// prepareNetwork makes the child's network ready, and connects it with the server by which
// Ginkgo's parallel processes know of each other: that listens on the host's localhost.
func prepareNetwork() error {
	err := setup.Network()
	if e := nssetup.FreshSys(); e != nil {
		err = errors.Join(err, fmt.Errorf("/sys shows the host's network: %w", e))
	}
	end := os.NewFile(tunnelFD, "tunnel")
	address := ginkgoServer()
	if address == "" {
		return errors.Join(err, end.Close())
	}
	if e := forward.Dig(end, address); e != nil {
		err = errors.Join(err, fmt.Errorf("let Ginkgo's parallel processes reach %s: %w", address, e))
	}
	return err
}

// ginkgoServer returns where the server of 'ginkgo -p' listens, or "".
func ginkgoServer() string {
	if !flag.Parsed() {
		flag.Parse()
	}
	f := flag.Lookup("ginkgo.parallel.host")
	if f == nil {
		return ""
	}
	return strings.TrimPrefix(f.Value.String(), "http://") // with GINKGO_PARALLEL_PROTOCOL=HTTP
}
