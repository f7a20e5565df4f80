// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// Open opens path for reading. It never waits for the other end of a fifo and
// never makes a terminal the controlling one.
func Open(path string) (*FD, error) {
	return OpenAt(nil, path)
}

// OpenDir opens a directory as a place to open other files from.
func OpenDir(path string) (*FD, error) {
	return openat(unix.AT_FDCWD, path, unix.O_PATH|unix.O_DIRECTORY, 0)
}

// OpenDirAt is [OpenDir] relative to dir.
func OpenDirAt(dir *FD, path string) (*FD, error) {
	return openat(dir.Int(), path, unix.O_PATH|unix.O_DIRECTORY, 0)
}

// OpenAt is [Open] relative to dir.
func OpenAt(dir *FD, path string) (*FD, error) {
	return openat(numberOf(dir), path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
}

// numberOf is what paths are relative to: a folder or, if it is nil, the working directory.
func numberOf(dir *FD) int {
	if dir == nil {
		return unix.AT_FDCWD
	}
	return dir.Int()
}

// Create makes a new, empty file. A path that exists is an error (EEXIST).
func Create(path string, perm uint32) (*FD, error) {
	return openat(unix.AT_FDCWD, path, unix.O_RDONLY|unix.O_CREAT|unix.O_EXCL, perm)
}

// What [Access] asks for.
const (
	MayRead   = unix.R_OK
	MayWrite  = unix.W_OK
	MaySearch = unix.X_OK
)

// Access reports whether the caller may use the file in that way (access(2)), with its
// effective user and groups: an error if not.
func Access(path string, mode uint32) error { return AccessAt(nil, path, mode) }

// AccessAt is [Access] relative to dir.
func AccessAt(dir *FD, path string, mode uint32) error {
	err := Retry(func() error { return unix.Faccessat(numberOf(dir), path, mode, unix.AT_EACCESS) })
	if err != nil {
		return &os.PathError{Op: "access", Path: path, Err: err}
	}
	return nil
}

func openat(at int, path string, flags int, perm uint32) (*FD, error) {
	var n int
	err := Retry(func() (err error) {
		n, err = unix.Openat(at, path, flags|unix.O_CLOEXEC, perm)
		return err
	})
	if err != nil {
		return nil, err
	}
	return NewFD(n), nil
}

// Dup duplicates the descriptor; the copy is close-on-exec too.
func (fd *FD) Dup() (*FD, error) { return DupOf(fd.Int()) }

// DupOf duplicates a descriptor that other code owns.
func DupOf(n int) (*FD, error) {
	dup, err := unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return NewFD(dup), nil
}

// DupFile duplicates a file's descriptor.
func DupFile(f *os.File) (fd *FD, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	if e := conn.Control(func(n uintptr) { fd, err = DupOf(int(n)) }); e != nil {
		return nil, e
	}
	return fd, err
}

// WriteFileAt writes text to a file that exists, in one write, as the files of
// /proc want it.
func WriteFileAt(dir *FD, path, text string) error {
	fd, err := openat(dir.Int(), path, unix.O_WRONLY, 0)
	if err != nil {
		return err
	}
	err = Retry(func() error { _, err := unix.Write(fd.Int(), []byte(text)); return err })
	return errors.Join(err, fd.Close())
}

// ReadFileAt reads a file that is short, as those of /proc/sys are, by one read.
func ReadFileAt(dir *FD, path string) (string, error) {
	fd, err := openat(dir.Int(), path, unix.O_RDONLY, 0)
	if err != nil {
		return "", err
	}
	var buf [256]byte
	var n int
	err = Retry(func() (err error) { n, err = unix.Read(fd.Int(), buf[:]); return err })
	return string(buf[:max(n, 0)]), errors.Join(err, fd.Close())
}

// ReadFile is [os.ReadFile] in fewer calls: without the poller of the runtime, with which package os registers each file,
// and with room for as much as is expected.
func ReadFile(path string, expected int) ([]byte, error) {
	fd, err := openat(unix.AT_FDCWD, path, unix.O_RDONLY, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer fd.Close() // nothing was written
	for text := make([]byte, 0, expected+1); ; text = slices.Grow(text, max(1, len(text))) {
		for len(text) < cap(text) {
			var n int
			err := Retry(func() (err error) { n, err = unix.Read(fd.Int(), text[len(text):cap(text)]); return err })
			if err != nil {
				return nil, &os.PathError{Op: "read", Path: path, Err: err}
			}
			if n == 0 {
				return text, nil
			}
			text = text[:len(text)+n]
		}
	}
}

// closeFD does not retry: after EINTR the descriptor is closed already, and its
// number may be a stranger's (close(2), "Dealing with error returns").
func closeFD(n int) error {
	if err := unix.Close(n); err != nil && !errors.Is(err, unix.EINTR) {
		return err
	}
	return nil
}

// Retry repeats f until a signal no longer interrupts it.
func Retry(f func() error) error {
	for {
		if err := f(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
