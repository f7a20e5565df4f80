// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"

	"golang.org/x/sys/unix"
)

// InForeground tells whether this process is in the foreground process group of
// its controlling terminal, to which the terminal sends what ^C and ^\ stand for
// (tcgetpgrp(3)). Without such a terminal it is not.
func InForeground() bool {
	tty, err := openat(unix.AT_FDCWD, "/dev/tty", unix.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	group, err := unix.IoctlGetInt(tty.Int(), unix.TIOCGPGRP)
	return errors.Join(err, tty.Close()) == nil && group == unix.Getpgrp()
}
