// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// tryIPC makes a shared memory segment.
func tryIPC() Result {
	return answer(unix.CLONE_NEWIPC, inNew(unix.CLONE_NEWIPC, func() error {
		if _, err := sys.NewSharedMemory(); err != nil {
			return fmt.Errorf("shmget in a new namespace: %w", err)
		}
		return nil
	}))
}
