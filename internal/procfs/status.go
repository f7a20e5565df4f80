// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// ThreadSelf names the thread that reads, where its view is wanted and not that
// of the process's first thread.
const ThreadSelf = "thread-self"

// Status returns a field of a process's status file (proc_pid_status(5)), such as
// "Seccomp", without the blanks around it.
func Status(root, process, field string) (string, error) {
	text, err := sys.ReadFile(path(root, process, "status"), 2<<10)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && name == field {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("status has no %s: %w", field, os.ErrNotExist)
}

// Effective returns the capabilities that a process has in its user namespace, a
// bit for each (capabilities(7)).
func Effective(root, process string) (uint64, error) {
	text, err := Status(root, process, "CapEff")
	if err != nil {
		return 0, err
	}
	caps, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("status: CapEff: %w", err)
	}
	return caps, nil
}

// SecurityLabel returns what a security module such as AppArmor or SELinux has
// written on a process, for instance "unconfined" or "docker-default (enforce)". It is
// empty where no module does.
func SecurityLabel(root, process string) string {
	for _, name := range []string{"attr/apparmor/current", "attr/current"} { // the first since Linux 5.8
		if text, err := sys.ReadFile(path(root, process, name), 2<<10); err == nil {
			return strings.TrimRight(string(text), "\n\x00")
		}
	}
	return "" // without a module, reading is EINVAL
}
