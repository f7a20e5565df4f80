// SPDX-License-Identifier: Apache-2.0

package nstest

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
