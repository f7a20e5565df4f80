// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

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
	return Retry(func() error { return unix.Mount("", "/", "", unix.MS_REC|propagation, "") })
}

// OpenTarget opens what is to be mounted on. A symbolic link is an error (ELOOP).
func OpenTarget(path string) (*FD, error) {
	fd, err := openat(unix.AT_FDCWD, path, unix.O_PATH|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	err = Retry(func() error { return unix.Fstat(fd.Int(), &st) })
	if err == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK {
		err = unix.ELOOP // as open(2) has it without O_PATH
	}
	if err != nil {
		return nil, errors.Join(err, fd.Close())
	}
	return fd, nil
}

// BindFD makes what the descriptor refers to appear on top of what target refers to,
// in the calling thread's mount namespace.
func BindFD(fd, target *FD) error {
	return Retry(func() error { return unix.Mount(fd.FDPath(), target.FDPath(), "", unix.MS_BIND, "") })
}

// Detach takes the topmost mount off target, even while it is in use.
func Detach(target string) error {
	return Retry(func() error { return unix.Unmount(target, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW) })
}

// Flags of [Mount].
const (
	NoSuid   = unix.MS_NOSUID
	NoDev    = unix.MS_NODEV
	NoExec   = unix.MS_NOEXEC
	ReadOnly = unix.MS_RDONLY
)

// Mount mounts a file system in the calling thread's mount namespace (mount(2)).
func Mount(source, target, fstype string, flags uintptr, data string) error {
	return Retry(func() error { return unix.Mount(source, target, fstype, flags, data) })
}

// OpenTree copies what is at path, with all mounts below it, into a tree that is
// mounted nowhere (open_tree(2)).
func OpenTree(path string) (*FD, error) { return OpenTreeAt(nil, path) }

// OpenTreeAt is [OpenTree] relative to dir.
func OpenTreeAt(dir *FD, path string) (*FD, error) {
	var n int
	err := Retry(func() (err error) {
		n, err = unix.OpenTree(numberOf(dir), path,
			unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE|unix.AT_SYMLINK_NOFOLLOW)
		return err
	})
	if err != nil {
		return nil, err
	}
	return NewFD(n), nil
}

// MoveMount mounts a tree from [OpenTree] on target (move_mount(2)).
func MoveMount(tree *FD, target string) error {
	return Retry(func() error {
		return unix.MoveMount(tree.Int(), "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH)
	})
}

// OpenFilesystem makes a new instance of a file system that is mounted nowhere, as a
// place to open files from (fsopen(2), fsmount(2), Linux 5.2).
func OpenFilesystem(fstype string) (fd *FD, err error) {
	n, err := unix.Fsopen(fstype, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("fsopen %s: %w", fstype, err)
	}
	context := NewFD(n)
	defer func() {
		if e := context.Close(); e != nil {
			err = errors.Join(err, e)
		}
	}()
	if err := Retry(func() error { return unix.FsconfigCreate(context.Int()) }); err != nil {
		return nil, fmt.Errorf("fsconfig %s: %w", fstype, err)
	}
	err = Retry(func() (err error) {
		n, err = unix.Fsmount(context.Int(), unix.FSMOUNT_CLOEXEC,
			unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("fsmount %s: %w", fstype, err)
	}
	return NewFD(n), nil
}

// SetXattr gives a file an attribute (setxattr(2)).
func SetXattr(path, name, value string) error {
	return Retry(func() error { return unix.Setxattr(path, name, []byte(value), 0) })
}
