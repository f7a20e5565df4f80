// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// NewProgram returns an image as a file that can be executed, and that nobody can change: neither does it have a name,
// nor is it writable any more (memfd_create(2), F_ADD_SEALS of fcntl(2)).
func NewProgram(name string, image []byte) (*FD, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	n, err := unix.MemfdCreate(name, flags|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3 each is executable
		n, err = unix.MemfdCreate(name, flags)
	}
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	fd := NewFD(n)
	if _, err := unix.Pwrite(n, image, 0); err != nil {
		return nil, errors.Join(fmt.Errorf("write a program: %w", err), fd.Close())
	}
	const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	if _, err := unix.FcntlInt(uintptr(n), unix.F_ADD_SEALS, seals); err != nil {
		return nil, errors.Join(fmt.Errorf("seal a program: %w", err), fd.Close())
	}
	return fd, nil
}
