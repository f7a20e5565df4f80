// SPDX-License-Identifier: Apache-2.0

package denial

import (
	"slices"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// Masks tells what keeps root of a user namespace from mounting /proc or /sys anew, and
// from writing settings: mounts over parts of them, as containers have them
// (mount_namespaces(7)).
func Masks(root string) Reason {
	mounts, err := procfs.Mounts(root, procfs.ThreadSelf)
	if err != nil {
		return Reason{}
	}
	covered := append(coveredBy(mounts, "/proc"), coveredBy(mounts, "/sys")...)
	if covered == nil {
		return Reason{}
	}
	return Reason{"parts of /proc and /sys are covered: " + strings.Join(covered, ", "), DropMasks(root)}
}

// Sysfs tells what keeps root of a user namespace from mounting /sys anew: that parts of the old one are covered, or that
// there is none (mount_namespaces(7)).
func Sysfs(root string) Reason {
	mounts, err := procfs.Mounts(root, procfs.ThreadSelf)
	if err == nil && !slices.ContainsFunc(mounts, func(m procfs.Mount) bool { return m.FSType == "sysfs" }) {
		return Reason{"there is no /sys here", "bwrap --bind /sys /sys ..."}
	}
	return Masks(root)
}

// CoveredProc lists the mounts over parts of /proc, as this process has it.
func CoveredProc(root string) ([]string, error) {
	mounts, err := procfs.Mounts(root, procfs.Self)
	return coveredBy(mounts, "/proc"), err
}

// coveredBy lists the mounts over parts of a folder, but for those that exist to be mounted
// on.
func coveredBy(mounts []procfs.Mount, dir string) (list []string) {
	for _, m := range mounts {
		if strings.HasPrefix(m.Target, dir+"/") && !slices.ContainsFunc(mountPoints, func(p string) bool {
			return m.Target == p || strings.HasPrefix(m.Target, p+"/")
		}) {
			list = append(list, m.Target)
		}
	}
	return list
}

// mountPoints are those of the kernel's own (sysfs_create_mount_point,
// proc_create_mount_point).
var mountPoints = []string{
	"/proc/sys/fs/binfmt_misc", "/proc/fs/nfsd", "/proc/openprom",
	"/sys/fs/cgroup", "/sys/fs/bpf", "/sys/fs/fuse/connections", "/sys/fs/pstore", "/sys/fs/selinux",
	"/sys/firmware/efi/efivars", "/sys/kernel/config", "/sys/kernel/debug", "/sys/kernel/security",
	"/sys/kernel/tracing", "/sys/hypervisor/s390", "/sys/fs/smackfs", "/sys/fs/resctrl",
}
