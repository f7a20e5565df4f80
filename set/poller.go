// SPDX-License-Identifier: Apache-2.0

package set

import (
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

func init() { primePoller() }

// primePoller has Go set up its poller now, as the first file that package os opens does.
// That takes two descriptors for good. Without them Go ends the program
// (runtime/netpoll_epoll.go), which must not be what comes of a call of ours.
func primePoller() {
	const needed = 3 // one for the file
	var room []*sys.FD
	for range needed {
		fd, err := sys.OpenDir("/")
		if err != nil {
			break
		}
		room = append(room, fd)
	}
	for _, fd := range room {
		_ = fd.Close() // nothing was written
	}
	if len(room) < needed {
		return
	}
	if f, err := os.Open("/"); err == nil {
		_ = f.Close() // as above
	}
}
