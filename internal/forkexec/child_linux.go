// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"golang.org/x/sys/unix"
)

// A child is a process that plays a script, seen from its parent.
type child struct {
	script  *script
	pid     int     // of the first process
	channel *sys.FD // the parent's end
	thread  *forkThread
}

// launch forks a process that plays what write writes. Its end of the channel has a
// number of at least reserved, so that lower ones can be given away. The child's death
// signal is about a thread that its caller has to release.
func launch(reserved int, write func(*script) error) (c *child, err error) {
	thread := onForkThread(func() bool { c, err = fork(reserved, write); return true })
	if err != nil {
		thread.release()
		return nil, err
	}
	c.thread = thread
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
	s := &script{channel: theirs.Int(), parents: ours.Int()}
	defer func() {
		if err != nil || !s.shares { // else the child needs what has been pinned, see executed
			s.pinned.Unpin()
		}
	}()
	if err := errors.Join(write(s), s.link()); err != nil {
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
		err = errors.Join(fmt.Errorf("channel: %w", err), ours.Close())
		if theirs != nil {
			err = errors.Join(err, theirs.Close())
		}
		return nil, nil, err
	}
	return ours, theirs, nil
}

// A message is a record from a child, with the pid of its sender and the descriptors that came along.
type message struct {
	record
	sender int
	fds    []*sys.FD
}

// receive returns the next message, keeping watch until there is one. io.EOF tells that no
// process holds the other end any longer: each has executed its program, or ended.
func (c *child) receive(w *watch) (message, error) {
	for looked := now(); ; {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(c.channel.Int()), Events: unix.POLLIN}}, int(tick.Milliseconds()))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return message{}, fmt.Errorf("poll: %w", err)
		}
		if n > 0 {
			return c.read()
		}
		if now()-looked < tick {
			continue // there may be more signals than ticks
		}
		if err := w.idle(); err != nil {
			return message{}, err
		}
		looked = now()
	}
}

// recvmsg is replaced by tests.
var recvmsg = unix.Recvmsg

func (c *child) read() (m message, err error) {
	var (
		buf   [8]byte
		oob   [128]byte // the credentials, and a descriptor for each kind of namespace
		n, cn int
		flags int
	)
	err = sys.Retry(func() (err error) {
		n, cn, flags, _, err = recvmsg(c.channel.Int(), buf[:], oob[:], unix.MSG_CMSG_CLOEXEC)
		return err
	})
	switch {
	case errors.Is(err, unix.ECONNRESET), err == nil && n == 0:
		return m, io.EOF
	case err != nil:
		return m, fmt.Errorf("recvmsg: %w", err)
	}
	msgs, err := unix.ParseSocketControlMessage(oob[:cn])
	if err != nil {
		return m, fmt.Errorf("recvmsg: %w", err)
	}
	for _, msg := range msgs {
		if cred, err := unix.ParseUnixCredentials(&msg); err == nil {
			m.sender = int(cred.Pid)
		}
		if fds, err := unix.ParseUnixRights(&msg); err == nil {
			for _, fd := range fds {
				m.fds = append(m.fds, sys.NewFD(fd))
			}
		}
	}
	if flags&unix.MSG_CTRUNC != 0 {
		// The kernel drops those that it finds no number for (unix(7)).
		m.close()
		return m, fmt.Errorf("recvmsg: %w", unix.EMFILE)
	}
	m.call = int32(binary.NativeEndian.Uint32(buf[0:]))
	m.result = int32(binary.NativeEndian.Uint32(buf[4:]))
	return m, nil
}

// goOn sends the byte that a process waits for.
func (c *child) goOn() error {
	err := sys.Retry(func() error { return unix.Send(c.channel.Int(), []byte{1}, unix.MSG_NOSIGNAL) })
	switch {
	case errors.Is(err, unix.EPIPE):
		return c.firstEnded(0)
	case err != nil:
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

func (m *message) close() {
	for _, fd := range m.fds {
		_ = fd.Close() // nobody else has them
	}
	m.fds = nil
}
