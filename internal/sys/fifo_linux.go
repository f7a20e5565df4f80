// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// MakeFIFO makes a FIFO in a folder (mkfifoat(3)).
func MakeFIFO(dir *os.File, name string, perm uint32) error {
	return os.NewSyscallError("mkfifoat", Retry(func() error { return unix.Mkfifoat(int(dir.Fd()), name, perm) }))
}
