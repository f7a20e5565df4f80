// SPDX-License-Identifier: Apache-2.0

package nssetup

import (
	"fmt"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// FreshProc mounts a new procfs on /proc, which shows the pid namespace that the
// calling process lives in. Root of a user namespace may do so only where no part of the
// old one is covered (fs/namespace.c, mnt_already_visible).
func FreshProc() error {
	if err := sys.Mount("proc", "/proc", "proc", sys.NoSuid|sys.NoDev|sys.NoExec, ""); err != nil {
		return fmt.Errorf("mount proc on /proc: %w", err)
	}
	return nil
}
