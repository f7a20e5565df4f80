// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// HasTerminal reports whether this process has a controlling terminal.
func HasTerminal() bool {
	_, has := foreground()
	return has
}

// InForeground reports whether this process is in the foreground process group of
// its controlling terminal, to which the terminal sends what ^C and ^\ stand for
// (tcgetpgrp(3)). Without such a terminal it is not.
func InForeground() bool {
	group, has := foreground()
	return has && group == unix.Getpgrp()
}

// foreground returns the foreground process group of the controlling terminal.
func foreground() (group int, hasTerminal bool) {
	tty, err := openat(unix.AT_FDCWD, "/dev/tty", unix.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return 0, false
	}
	group, err = unix.IoctlGetInt(tty.Int(), unix.TIOCGPGRP)
	return group, errors.Join(err, tty.Close()) == nil
}

// OpenTerminal makes a terminal: user is where a person types and reads, program
// where programs do (pts(4)). It is for tests.
func OpenTerminal() (user, program *os.File, err error) {
	user, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	number, err := unlock(int(user.Fd()))
	if err == nil {
		program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		return nil, nil, errors.Join(err, user.Close())
	}
	return user, program, nil
}

// unlock lets the other end of a terminal be opened, and returns its number.
func unlock(terminal int) (number int, err error) {
	if err := unix.IoctlSetPointerInt(terminal, unix.TIOCSPTLCK, 0); err != nil {
		return 0, os.NewSyscallError("ioctl TIOCSPTLCK", err)
	}
	number, err = unix.IoctlGetInt(terminal, unix.TIOCGPTN)
	return number, os.NewSyscallError("ioctl TIOCGPTN", err)
}
