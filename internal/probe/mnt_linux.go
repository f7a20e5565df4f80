// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// tryMnt mounts a tmpfs.
func tryMnt() Result {
	return answer(unix.CLONE_NEWNS, inNewMounts(0, mountTmpfs))
}

func mountTmpfs(dir string) error {
	if err := sys.Mount("tmpfs", dir, "tmpfs", sys.NoSuid|sys.NoDev, "size=64k,mode=0700"); err != nil {
		return fmt.Errorf("mount a tmpfs in a new namespace: %w", err)
	}
	return nil
}
