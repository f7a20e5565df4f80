// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// The requests of ioctl_ns(2), which x/sys does not have. The upper half of an
// argument-less request (_IO) differs between architectures; BLKRRPART is one
// that x/sys knows for all of them.
const (
	ioNone        = unix.BLKRRPART &^ 0xffff
	nsGetUserns   = ioNone | 0xb701
	nsGetParent   = ioNone | 0xb702
	nsGetNstype   = ioNone | 0xb703
	nsGetOwnerUID = ioNone | 0xb704
)

// InodeID returns the descriptor's device and inode.
func (fd *FD) InodeID() (InodeID, error) {
	var st unix.Stat_t
	if err := Retry(func() error { return unix.Fstat(fd.Int(), &st) }); err != nil {
		return InodeID{}, err
	}
	// Dev is 32 bits wide on some architectures.
	return InodeID{Dev: uint64(st.Dev), Ino: st.Ino}, nil
}

// InodeIDAt is that of the file at path, relative to dir; a link is followed.
func InodeIDAt(dir *FD, path string) (InodeID, error) {
	var st unix.Stat_t
	if err := Retry(func() error { return unix.Fstatat(dir.Int(), path, &st, 0) }); err != nil {
		return InodeID{}, err
	}
	return InodeID{Dev: uint64(st.Dev), Ino: st.Ino}, nil
}

// NamespaceFlag returns the CLONE_NEW* flag of the namespace that the descriptor
// refers to. A file that is no namespace gives [ErrNotNamespace].
func (fd *FD) NamespaceFlag() (int, error) {
	// The request is only sent to nsfs: to a device driver the same number
	// could mean anything (ioctl_ns(2)).
	var fs unix.Statfs_t
	if err := Retry(func() error { return unix.Fstatfs(fd.Int(), &fs) }); err != nil {
		return 0, err
	}
	if fs.Type != unix.NSFS_MAGIC {
		return 0, ErrNotNamespace
	}
	return unix.IoctlRetInt(fd.Int(), nsGetNstype)
}

// UserNamespace opens the user namespace that owns the namespace (ioctl_ns(2)).
// [ErrOutside] tells that it lies outside of the caller's.
func (fd *FD) UserNamespace() (*FD, error) { return fd.related(nsGetUserns) }

// Parent opens the user or pid namespace that the namespace is nested in
// (ioctl_ns(2)). [ErrOutside] tells that it lies outside of the caller's, or that
// there is none.
func (fd *FD) Parent() (*FD, error) { return fd.related(nsGetParent) }

func (fd *FD) related(request uint) (*FD, error) {
	n, err := unix.IoctlRetInt(fd.Int(), request)
	if errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("%w: %w", ErrOutside, err)
	}
	if err != nil {
		return nil, err
	}
	return NewFD(n), nil
}

// OwnerUID returns the user who created a user namespace, as the caller's user
// namespace sees that user (ioctl_ns(2)).
func (fd *FD) OwnerUID() (int, error) {
	uid, err := unix.IoctlGetUint32(fd.Int(), nsGetOwnerUID)
	return int(uid), err
}

// Setns moves the calling thread into the namespace (setns(2)).
func Setns(fd *FD, flag int) error {
	return Retry(func() error { return unix.Setns(fd.Int(), flag) })
}

// Unshare moves the calling thread into new namespaces (unshare(2)).
func Unshare(flags int) error {
	return Retry(func() error { return unix.Unshare(flags) })
}

// UnshareFS gives the calling thread a root, working directory and umask of its
// own, without which it cannot join a mount namespace (setns(2)).
func UnshareFS() error { return Unshare(unix.CLONE_FS) }

// MainThread is the ID of the process's first thread.
var MainThread = unix.Getpid()

// OnMainThread reports whether the caller runs on the process's first thread.
func OnMainThread() bool { return Gettid() == MainThread }

// Gettid returns the calling thread's ID.
func Gettid() int { return unix.Gettid() }

// FDPath is the name under which the calling thread can pass its descriptor to a
// system call that takes only paths.
func (fd *FD) FDPath() string { return fmt.Sprintf("/proc/thread-self/fd/%d", fd.Int()) }

// Getwd returns the calling thread's working directory. [ErrUnreachable] tells that it
// lies outside of the thread's root directory, such as in another mount namespace (getcwd(2)).
func Getwd() (string, error) {
	var path [unix.PathMax]byte
	n, err := unix.Getcwd(path[:])
	if err != nil {
		return "", err
	}
	if path[0] != '/' { // but "(unreachable)"
		return "", ErrUnreachable
	}
	return string(path[:n-1]), nil
}

// Chdir sets the working directory of the calling thread, and of those that share it
// (CLONE_FS of clone(2)): Go's all do, but for those that [UnshareFS] was called on.
func Chdir(path string) error {
	return Retry(func() error { return unix.Chdir(path) })
}
