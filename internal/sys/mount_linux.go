// SPDX-License-Identifier: Apache-2.0

package sys

import "golang.org/x/sys/unix"

// How mount events pass between mount namespaces (mount_namespaces(7)).
const (
	Private    = unix.MS_PRIVATE
	Shared     = unix.MS_SHARED
	Slave      = unix.MS_SLAVE
	Unbindable = unix.MS_UNBINDABLE
)

// SetPropagation sets how events of all mounts of the calling thread's mount
// namespace propagate.
func SetPropagation(propagation uintptr) error {
	return retry(func() error { return unix.Mount("", "/", "", unix.MS_REC|propagation, "") })
}

// BindFD makes what the descriptor refers to appear at target in the calling
// thread's mount namespace.
func BindFD(fd *FD, target string) error {
	return retry(func() error { return unix.Mount(fd.FDPath(), target, "", unix.MS_BIND, "") })
}

// Detach takes the topmost mount off target, even while it is in use.
func Detach(target string) error {
	return retry(func() error { return unix.Unmount(target, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW) })
}
