// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// tryRootless makes one namespace of each kind that the kernel has as root in a
// new user namespace: first all together, and if that fails, one by one to see
// which it was.
func tryRootless() Result {
	if user := Named("user"); user.OK != Yes {
		return without(user)
	}
	var flags []int
	var all uintptr
	for _, flag := range []int{
		unix.CLONE_NEWNS, unix.CLONE_NEWNET, unix.CLONE_NEWUTS, unix.CLONE_NEWIPC,
		unix.CLONE_NEWPID, unix.CLONE_NEWCGROUP, unix.CLONE_NEWTIME,
	} {
		if kernelHas(flag) {
			flags = append(flags, flag)
			all |= uintptr(flag)
		}
	}
	r := capable(all, unix.CLONE_NEWNS)
	if r.OK == Yes {
		return r
	}
	for _, flag := range flags {
		if one := capable(uintptr(flag), flag); one.OK != Yes {
			one.Name = procfs.KindOf(flag)
			return without(one)
		}
	}
	return r
}
