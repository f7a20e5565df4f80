// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"encoding/binary"
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// An Alarm ends a wait in [WaitPackets] from another goroutine.
type Alarm struct{ fd *FD }

// NewAlarm makes an Alarm.
func NewAlarm() (*Alarm, error) {
	n, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return &Alarm{NewFD(n)}, nil
}

// Ring ends the wait that is going on, or else the next one.
func (a *Alarm) Ring() error {
	return retry(func() error {
		_, err := unix.Write(a.fd.Int(), binary.NativeEndian.AppendUint64(nil, 1))
		return err
	})
}

// Close closes it.
func (a *Alarm) Close() error { return a.fd.Close() }

// WaitPackets waits until one of the sockets has a frame, or an error, or the alarm rings, and for that long at
// most; if limit is negative, for ever.
func WaitPackets(limit time.Duration, alarm *Alarm, sockets ...*PacketSocket) error {
	fds := make([]unix.PollFd, 1, 3)
	fds[0] = unix.PollFd{Fd: int32(alarm.fd.Int()), Events: unix.POLLIN}
	for _, p := range sockets {
		fds = append(fds, unix.PollFd{Fd: int32(p.fd.Int()), Events: unix.POLLIN})
	}
	var timeout *unix.Timespec
	if limit >= 0 {
		t := unix.NsecToTimespec(int64(limit))
		timeout = &t
	}
	_, err := unix.Ppoll(fds, timeout, nil)
	if errors.Is(err, unix.EINTR) {
		return nil // whoever waits looks again
	}
	if err == nil && fds[0].Revents != 0 {
		var buf [8]byte
		_, err = unix.Read(alarm.fd.Int(), buf[:])
	}
	for _, fd := range fds[1:] {
		if err == nil && fd.Revents&unix.POLLERR != 0 {
			// An interface that is switched off leaves ENETDOWN until it is asked for.
			_, err = unix.GetsockoptInt(int(fd.Fd), unix.SOL_SOCKET, unix.SO_ERROR)
		}
	}
	return err
}
