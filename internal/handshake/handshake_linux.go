// SPDX-License-Identifier: Apache-2.0

package handshake

import (
	"fmt"
	"os"
	"strconv"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// Offer makes a ticket for a child that will have the given role, a word of
// letters and digits. It returns the file that the child must inherit as
// descriptor fd (os/exec: 3 and the index in ExtraFiles), to be closed once the
// child was started, and the variable for the child's environment, as "NAME=fd".
func Offer(role string, fd int) (ticket *os.File, env string, err error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, "", fmt.Errorf("ticket for a child: %w", os.NewSyscallError("socketpair", err))
	}
	ticket = os.NewFile(uintptr(pair[0]), "ticket")
	writer := os.NewFile(uintptr(pair[1]), "ticket")
	_, err = writer.WriteString(proof(role))
	// What was written stays readable when the writing end is gone.
	if closeErr := writer.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = ticket.Close()
		return nil, "", fmt.Errorf("ticket for a child: %w", err)
	}
	return ticket, variable(role) + "=" + strconv.Itoa(fd), nil
}

// Accept reports whether this process was started by [Offer]'s caller for the given
// role. Only the first call for a role can say so. An environment that names a
// descriptor which is no ticket gives an error ([ErrNoTicket] or an errno): this
// is then no child, but something claims that it is.
func Accept(role string) (bool, error) {
	name := variable(role)
	value, ok := os.LookupEnv(name)
	if !ok {
		return false, nil
	}
	if err := os.Unsetenv(name); err != nil {
		return false, err
	}
	if secure, err := sys.SecureExec(); err != nil {
		return false, fmt.Errorf("%s=%q: %w", name, value, err)
	} else if secure {
		return false, nil
	}
	fd, err := strconv.Atoi(value)
	if err != nil {
		return false, fmt.Errorf("%s=%q: %w", name, value, ErrNoTicket)
	}
	if err := peek(fd, proof(role)); err != nil {
		return false, fmt.Errorf("%s=%d: %w", name, fd, err)
	}
	return true, os.NewSyscallError("close", syscall.Close(fd))
}

// peek looks for the message that waits in a socket.
func peek(fd int, want string) error {
	message := make([]byte, len(want)+1)
	n, _, err := syscall.Recvfrom(fd, message, syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	if err != nil {
		return os.NewSyscallError("recvfrom", err)
	}
	if string(message[:n]) != want {
		return ErrNoTicket
	}
	return nil
}

func closeOnExec(fd int) { syscall.CloseOnExec(fd) }
