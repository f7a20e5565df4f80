// SPDX-License-Identifier: Apache-2.0

package denial

import (
	"errors"
	"syscall"
)

// Exhausted says which limit is reached, and what helps, if that is why a system call
// failed; op is what it was for, such as "fork". It is empty for other errors.
func Exhausted(op string, err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return ""
	}
	switch errno {
	case syscall.EMFILE:
		return "the process has as many files open as RLIMIT_NOFILE allows; close Sets, or raise ulimit -n"
	case syscall.ENFILE:
		return "all processes together have as many files open as fs.file-max allows; close some, or raise it"
	case syscall.EAGAIN:
		if op == "fork" {
			return "the user has as many processes and threads as RLIMIT_NPROC allows, or the control group as many as pids.max; " +
				"end some, or raise ulimit -u"
		}
	case syscall.ENOSPC:
		if op == "mount" {
			return "the file system that is mounted on is full, or the mount namespace has as many mounts as fs.mount-max allows"
		}
	}
	return ""
}
