// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// Modes of [OpenTun].
const (
	Tun = unix.IFF_TUN // IP packets
	Tap = unix.IFF_TAP // Ethernet frames
)

// OpenTun makes an interface of the calling thread's network namespace whose packets are read
// from and written to the file, each by one call. It is gone when the file is closed. A
// name that is taken is EBUSY or EINVAL.
//
// The file becomes pollable only afterwards: before TUNSETIFF, epoll(7) says that it
// has an error.
func OpenTun(name string, mode uint16) (*os.File, error) {
	const path = "/dev/net/tun"
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(mode | unix.IFF_NO_PI | unix.IFF_TUN_EXCL)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		_ = unix.Close(fd) // what matters is why it is of no use
		return nil, os.NewSyscallError("ioctl TUNSETIFF", err)
	}
	return os.NewFile(uintptr(fd), path), nil
}
