// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/refusal"
	"github.com/seed-1bc5c4a2/gonso/internal/sandbox"
)

// trySysfs mounts the /sys of a new network namespace.
func trySysfs() Result {
	for _, flag := range []int{unix.CLONE_NEWNET, unix.CLONE_NEWNS} {
		if r := Kind(flag); r.OK != Yes {
			return without(r)
		}
	}
	r := mountable("sysfs", inNewMounts(unix.CLONE_NEWNET, func(dir string) error {
		return sandbox.MountSysfs(dir)
	}))
	if r.OK == No {
		r.Remedy = refusal.Masks(procfs.Root).Remedy
	}
	return r
}
