// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"

	"golang.org/x/sys/unix"
)

// KeepDumpable has work done that starts processes of other users, and leaves this process
// as dumpable as it was. Until a child of package syscall executes its program it shares
// the memory of this process; when it becomes another user's, the kernel marks that
// memory, so that the files of this process in /proc, and of those that it forks, open to
// root alone (PR_SET_DUMPABLE, prctl(2); commit_creds in kernel/cred.c).
func KeepDumpable(work func() error) error {
	before, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		return errors.Join(err, work())
	}
	err = work()
	if after, e := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); e != nil || after != before {
		e = errors.Join(e, unix.Prctl(unix.PR_SET_DUMPABLE, uintptr(before), 0, 0, 0))
		err = errors.Join(err, e)
	}
	return err
}
