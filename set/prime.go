// SPDX-License-Identifier: Apache-2.0

package set

import (
	"os"
	"sync"

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

// primePidfd makes package os find out now, in the process's own pid namespace,
// whether the kernel has pidfds. Package os does so once, by forking a child
// that exits at once (os/pidfd_linux.go, checkPidfd). Did that happen on a thread
// whose children go to a pid namespace without a process yet, the child would be
// its init, and with it the namespace would be dead: each later fork is ENOMEM
// (pid_namespaces(7)).
var primePidfd = sync.OnceFunc(func() {
	// FindProcess never fails on Unix; what it returns is of no interest.
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Release()
	}
})
