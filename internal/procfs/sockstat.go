// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// TCPSockets returns how many TCP sockets there are in a process's network namespace that listen or are connected, those
// that no process has any more included. The kernel counts them, and needs not look for them.
func TCPSockets(root, process string) (count int, err error) {
	for _, file := range []struct{ name, line string }{{"sockstat", "TCP: inuse "}, {"sockstat6", "TCP6: inuse "}} {
		at := path(root, process, "net", file.name)
		text, err := sys.ReadFile(at, 512)
		if errors.Is(err, fs.ErrNotExist) && file.name == "sockstat6" {
			continue // a kernel without IPv6
		}
		if err != nil {
			return 0, err
		}
		n, err := inUse(text, file.line)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", at, err)
		}
		count += n
	}
	return count, nil
}

// inUse returns the number in the line that begins so (net/ipv4/proc.c, sockstat_seq_show).
func inUse(text []byte, line string) (n int, err error) {
	for l := range bytes.Lines(text) {
		if rest, is := bytes.CutPrefix(l, []byte(line)); is {
			if _, err := fmt.Sscan(string(rest), &n); err != nil || n < 0 {
				return 0, fmt.Errorf("no number after %q: %q", line, l)
			}
			return n, nil
		}
	}
	return 0, fmt.Errorf("there is no line %q", line)
}
