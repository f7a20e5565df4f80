// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// Readlink reads a symbolic link in the folder. For a list of links it takes
// half the time of reading each by its path.
func (fd *FD) Readlink(name string) (string, error) {
	var small [128]byte
	for buf := small[:]; ; buf = make([]byte, 4*len(buf)) {
		var n int
		err := Retry(func() (err error) {
			n, err = unix.Readlinkat(fd.Int(), name, buf)
			return err
		})
		if err != nil {
			return "", err
		}
		if n < len(buf) { // otherwise it may be longer
			return string(buf[:n]), nil
		}
	}
}

// InodeIDOf is [FD.InodeID] of a descriptor that other code owns. One that is closed is
// EBADF.
func InodeIDOf(n int) (InodeID, error) {
	var st unix.Stat_t
	err := Retry(func() error { return unix.Fstat(n, &st) })
	return InodeID{Dev: uint64(st.Dev), Ino: st.Ino}, err // Dev is 32 bits wide on some architectures
}

// HasChildren reports whether the calling process has any child, running or not
// waited for; it leaves them all as they are.
func HasChildren() (bool, error) {
	err := Retry(func() error {
		return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT|unix.WALL, nil)
	})
	if errors.Is(err, unix.ECHILD) {
		return false, nil
	}
	return err == nil, err
}

// OpenProcess opens a process as a descriptor that becomes readable when it ends
// (pidfd_open(2), Linux 5.3).
func OpenProcess(pid int) (*FD, error) { return pidfdOpen(pid, 0) }

// OpenThread opens a thread as a descriptor that becomes readable when it ends
// (PIDFD_THREAD, Linux 6.9; EINVAL before).
func OpenThread(tid int) (*FD, error) {
	const pidfdThread = unix.O_EXCL // pidfd_open(2)
	return pidfdOpen(tid, pidfdThread)
}

func pidfdOpen(id, flags int) (*FD, error) {
	n, err := unix.PidfdOpen(id, flags) // close-on-exec by itself
	if err != nil {
		return nil, err
	}
	return NewFD(n), nil
}

// WaitReadable waits until one of the descriptors is readable, a signal comes,
// or the time is over.
func WaitReadable(limit time.Duration, fds ...*FD) error {
	polled := make([]unix.PollFd, len(fds))
	for i, fd := range fds {
		polled[i] = unix.PollFd{Fd: int32(fd.Int()), Events: unix.POLLIN}
	}
	timeout := unix.NsecToTimespec(max(0, limit).Nanoseconds())
	_, err := unix.Ppoll(polled, &timeout, nil)
	if errors.Is(err, unix.EINTR) {
		return nil
	}
	return err
}

// AwaitAnyEnd waits until one of the processes or threads that [OpenProcess] and [OpenThread] have
// opened has ended, a signal comes, or the time is over. It closes the descriptors.
func AwaitAnyEnd(limit time.Duration, ends ...*FD) error {
	err := WaitReadable(limit, ends...)
	for _, end := range ends {
		err = errors.Join(err, end.Close())
	}
	return err
}

// SetHostname sets the name of the calling thread's uts namespace
// (sethostname(2)).
func SetHostname(name string) error { return unix.Sethostname([]byte(name)) }

// SetDomainname sets the NIS domain name of the calling thread's uts namespace
// (setdomainname(2)).
func SetDomainname(name string) error { return unix.Setdomainname([]byte(name)) }

// NewSharedMemory makes a System V segment of one page in the calling thread's
// ipc namespace, whose end is the end of it (shmget(2)).
func NewSharedMemory() (id int, err error) {
	return unix.SysvShmGet(unix.IPC_PRIVATE, unix.Getpagesize(), unix.IPC_CREAT|0o600)
}
