// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
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
	for _, flag := range kind.Each(kind.All &^ kind.User) {
		if kernelHas(flag) {
			flags = append(flags, flag)
			all |= uintptr(flag)
		}
	}
	r := capable(all, kind.Mnt)
	if r.OK == Yes {
		return r
	}
	for _, flag := range flags {
		if one := capable(uintptr(flag), flag); one.OK != Yes {
			one.Name = kind.Name(flag)
			return without(one)
		}
	}
	return r
}
