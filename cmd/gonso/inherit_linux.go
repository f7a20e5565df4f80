// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/handshake"
)

// An inheritance is what the process inside gets from the one outside: a ticket,
// and a pipe for the program's wait status. Both have descriptors that survive
// exec, so nothing else may be started while they are open.
type inheritance struct {
	env    string // tells of the ticket
	ticket int
	status int
	reader *os.File
}

func newInheritance() (in *inheritance, err error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	in = &inheritance{ticket: -1, status: -1, reader: reader}
	defer func() {
		if err = errors.Join(err, writer.Close()); err != nil {
			err = errors.Join(err, in.close())
		}
	}()
	// What dup(2) makes survives exec; a number that is not in use is the lowest.
	if in.status, err = syscall.Dup(int(writer.Fd())); err != nil {
		return in, os.NewSyscallError("dup", err)
	}
	if in.ticket, err = syscall.Dup(int(writer.Fd())); err != nil {
		return in, os.NewSyscallError("dup", err)
	}
	ticket, env, err := handshake.Offer(insideRole, in.ticket)
	if err != nil {
		return in, err
	}
	in.env = env
	err = syscall.Dup3(int(ticket.Fd()), in.ticket, 0)
	return in, errors.Join(os.NewSyscallError("dup3", err), ticket.Close())
}

func (in *inheritance) close() error {
	errs := []error{in.reader.Close()}
	for _, fd := range []*int{&in.ticket, &in.status} {
		if *fd >= 0 {
			errs = append(errs, os.NewSyscallError("close", syscall.Close(*fd)))
			*fd = -1
		}
	}
	return errors.Join(errs...)
}

// ended returns how the program ended. If the process inside wrote nothing, it has
// failed, was killed, or became the program.
func (in *inheritance) ended(process *os.ProcessState) (syscall.WaitStatus, error) {
	err := syscall.Close(in.status)
	in.status = -1
	if err != nil {
		return 0, os.NewSyscallError("close", err)
	}
	var status uint32
	err = binary.Read(in.reader, binary.NativeEndian, &status)
	if errors.Is(err, io.EOF) {
		return process.Sys().(syscall.WaitStatus), nil
	}
	return syscall.WaitStatus(status), err
}
