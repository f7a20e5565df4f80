// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"golang.org/x/sys/unix"
)

// A child is a process that plays a script, seen from its parent.
type child struct {
	script  *script
	pid     int     // of the first process
	channel *sys.FD // the parent's end
	release func()  // lets go of the thread that forked
}

// launch forks a process that plays what write writes. Its end of the channel has a
// number of at least reserved, so that lower ones can be given away. The child's death
// signal is about a thread that its caller has to release.
func launch(reserved int, write func(*script) error) (c *child, err error) {
	release := onForkThread(func() { c, err = fork(reserved, write) })
	if err != nil {
		release()
		return nil, err
	}
	c.release = release
	return c, nil
}

func fork(reserved int, write func(*script) error) (_ *child, err error) {
	// Made here, since a socket keeps the network namespace alive that the thread
	// is in which makes it: this one's is the process's.
	ours, theirs, err := newChannel(reserved)
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	defer func() {
		if err != nil {
			ours.Close()
		}
	}()
	s := &script{channel: theirs.Int()}
	defer s.pinned.Unpin()
	if err := write(s); err != nil {
		return nil, err
	}
	// Who holds it for reading has a descriptor that is not close-on-exec yet.
	syscall.ForkLock.Lock()
	var errno syscall.Errno
	c := &child{script: s, channel: ours}
	quiet(func() { c.pid, errno = s.fork() })
	syscall.ForkLock.Unlock()
	if errno != 0 {
		return nil, &Error{Step: Fork, Err: errno}
	}
	return c, nil
}

// newChannel makes a pair of sockets. Unlike a pipe's, their messages carry the
// sender's pid as the receiver's pid namespace knows it (SO_PASSCRED).
func newChannel(reserved int) (ours, theirs *sys.FD, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	ours, low := sys.NewFD(pair[0]), sys.NewFD(pair[1])
	defer low.Close()
	high, err := unix.FcntlInt(uintptr(low.Int()), unix.F_DUPFD_CLOEXEC, reserved)
	if err == nil {
		theirs = sys.NewFD(high)
		err = unix.SetsockoptInt(ours.Int(), unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("channel: %w", err), ours.Close(), theirs.Close())
	}
	return ours, theirs, nil
}

// receive returns the next message and its sender's pid. io.EOF tells that no process
// holds the other end any longer: each has executed its program, or ended.
func (c *child) receive() (r record, pid int, err error) {
	var (
		buf [8]byte
		oob [64]byte
		n   int
		cn  int
	)
	err = retry(func() (err error) {
		n, cn, _, _, err = unix.Recvmsg(c.channel.Int(), buf[:], oob[:], 0)
		return err
	})
	switch {
	case errors.Is(err, unix.ECONNRESET), err == nil && n == 0:
		return record{}, 0, io.EOF
	case err != nil:
		return record{}, 0, fmt.Errorf("recvmsg: %w", err)
	}
	msgs, err := unix.ParseSocketControlMessage(oob[:cn])
	if err != nil {
		return record{}, 0, fmt.Errorf("recvmsg: %w", err)
	}
	for _, msg := range msgs {
		if cred, err := unix.ParseUnixCredentials(&msg); err == nil {
			pid = int(cred.Pid)
		}
	}
	r.call = int32(binary.NativeEndian.Uint32(buf[0:]))
	r.result = int32(binary.NativeEndian.Uint32(buf[4:]))
	return r, pid, nil
}

// reap waits for the end of a child of this process. That somebody else was faster is
// no error: then it is gone, too.
func reap(pid int) (status unix.WaitStatus, err error) {
	err = retry(func() error {
		_, err := unix.Wait4(pid, &status, 0, nil)
		return err
	})
	if errors.Is(err, unix.ECHILD) {
		err = nil
	}
	return status, os.NewSyscallError("wait4", err)
}

// kill ends a child of this process that has not been waited for, and reaps it.
func kill(pid int) error {
	if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return os.NewSyscallError("kill", err)
	}
	_, err := reap(pid)
	return err
}

func retry(f func() error) error {
	for {
		if err := f(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
