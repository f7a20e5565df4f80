// SPDX-License-Identifier: Apache-2.0

package leftover

import "syscall"

// usage is what children of this process have used.
type usage = syscall.Rusage

// reapedChildren returns another value whenever a child has been waited for: none gets along
// without page faults.
func reapedChildren() (u usage) {
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u); err != nil {
		panic("nstest: getrusage: " + err.Error()) // it has nothing to fail for (getrusage(2))
	}
	return u
}

// reap waits for a process that has ended, if it is a child of this one that nobody has
// waited for: such a one would keep its pid namespace from ending (pid_namespaces(7)). Others
// are an error that does not matter.
func reap(pid int) { _, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil) }
