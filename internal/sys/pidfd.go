// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"os"
	"sync"
)

// PrimePidfd makes package os find out now, in the process's own pid namespace,
// whether the kernel has pidfds. Package os does so once, by forking a child
// that exits at once (os/pidfd_linux.go, checkPidfd). Did that happen on a thread
// whose children go to a pid namespace without a process yet, the child would be
// its init, and with it the namespace would be dead: each later fork is ENOMEM
// (pid_namespaces(7)).
var PrimePidfd = sync.OnceFunc(func() {
	// FindProcess never fails on Unix; what it returns is of no interest.
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Release()
	}
})
