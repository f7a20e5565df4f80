// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Poller waits for several sockets and a clock at once. A goroutine that waits takes no thread: an epoll(7) of these
// descriptors is itself one that Go's own poller waits for. The clock is one of the kernel (timerfd_create(2)), since Go's poller counts
// in milliseconds.
type Poller struct {
	file    *os.File // of the epoll
	conn    syscall.RawConn
	clock   *FD
	set     time.Time // when the clock rings; zero if it does not
	sockets []*PacketSocket
}

// NewPoller makes a Poller for these sockets.
func NewPoller(sockets ...*PacketSocket) (p *Poller, err error) {
	clock, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	p = &Poller{clock: NewFD(clock), sockets: sockets}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(epoll, true); err != nil { // so that os.NewFile has Go's poller wait for it
		return nil, errors.Join(err, unix.Close(epoll))
	}
	p.file = os.NewFile(uintptr(epoll), "epoll")
	if p.conn, err = p.file.SyscallConn(); err != nil {
		return nil, err
	}
	for _, fd := range append([]*FD{p.clock}, descriptors(sockets)...) {
		if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd.Int(), &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd.Int())}); err != nil {
			return nil, err
		}
	}
	return p, p.file.SetReadDeadline(time.Time{}) // an error if Go's poller does not wait for it
}

func descriptors(sockets []*PacketSocket) (list []*FD) {
	for _, s := range sockets {
		list = append(list, s.fd)
	}
	return list
}

// Wait waits until a socket has a frame, or until then, unless that is zero, or until Wake is called: it then returns
// [os.ErrDeadlineExceeded].
func (p *Poller) Wait(until time.Time) error {
	if err := p.ring(until); err != nil {
		return err
	}
	var err error
	e := p.conn.Read(func(epoll uintptr) bool {
		if p.received() {
			return true
		}
		var events [4]unix.EpollEvent
		var n int
		if n, err = unix.EpollWait(int(epoll), events[:], 0); errors.Is(err, unix.EINTR) {
			n, err = 0, nil
		}
		for _, event := range events[:max(n, 0)] {
			if err == nil && event.Events&unix.EPOLLERR != 0 {
				// An interface that is switched off, or gone, leaves ENETDOWN until it is asked for.
				_, err = unix.GetsockoptInt(int(event.Fd), unix.SOL_SOCKET, unix.SO_ERROR)
			}
		}
		return n > 0 || err != nil
	})
	return errors.Join(e, err)
}

// Yield lets other goroutines run, those included that wait for a socket: as long as one does not wait itself, Go
// looks for them every 10 ms only, if all its threads are busy (runtime.sysmon).
func (p *Poller) Yield() error {
	waited := false
	var err error
	e := p.conn.Read(func(uintptr) bool {
		if waited {
			return true
		}
		waited = true
		err = p.ring(time.Now()) // which ends the wait; not before, since what was before is forgotten by now
		return err != nil
	})
	return errors.Join(e, err)
}

// received reports whether a frame is there.
func (p *Poller) received() bool {
	for _, s := range p.sockets {
		if s.ready(s.next) {
			return true
		}
	}
	return false
}

// ring sets the clock. One that has rung is quiet again.
func (p *Poller) ring(at time.Time) error {
	if at.Equal(p.set) && (at.IsZero() || time.Now().Before(at)) {
		return nil
	}
	var value unix.ItimerSpec
	if !at.IsZero() {
		value.Value = unix.NsecToTimespec(int64(max(1, time.Until(at)))) // 0 would stop it
	}
	p.set = at
	if err := unix.TimerfdSettime(p.clock.Int(), 0, &value, nil); err != nil {
		return fmt.Errorf("set the clock: %w", err)
	}
	return nil
}

// Wake ends the wait that is going on, and each one after it.
func (p *Poller) Wake() error { return p.file.SetReadDeadline(time.Unix(1, 0)) }

// Close gives back what the Poller has. Nobody may wait.
func (p *Poller) Close() error {
	err := p.clock.Close()
	if p.file != nil {
		err = errors.Join(err, p.file.Close())
	}
	return err
}
