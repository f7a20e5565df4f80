// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// ShareAddress lets other sockets have the address of a socket that is yet to be bound, see socket(7), SO_REUSEADDR.
func ShareAddress(raw syscall.RawConn) error {
	return control(raw, func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) })
}

// BindToDevice has a socket send and receive by one interface only, or by those of a VRF, see socket(7), SO_BINDTODEVICE.
func BindToDevice(raw syscall.RawConn, name string) error {
	return control(raw, func(fd int) error { return unix.BindToDevice(fd, name) })
}

func control(raw syscall.RawConn, f func(fd int) error) (err error) {
	failed := raw.Control(func(fd uintptr) { err = f(int(fd)) })
	return errors.Join(failed, err)
}
