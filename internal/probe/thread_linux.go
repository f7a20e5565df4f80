// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/internal/thread"
)

// onThread runs work on a thread that ends with it.
func onThread(work func() error) (err error) {
	thread.Run(func() bool { err = work(); return false }).Relay()
	return err
}

// inNew runs work in new namespaces on a thread that ends with it. Mounts made there
// are not seen outside.
func inNew(flags int, work func() error) error {
	return onThread(func() error {
		if err := sys.Unshare(flags); err != nil {
			return fmt.Errorf("unshare: %w", err)
		}
		if flags&kind.Mnt != 0 {
			if err := sys.SetPropagation(sys.Private); err != nil {
				return fmt.Errorf("make the mounts private: %w", err)
			}
		}
		return work()
	})
}

// mountPoint is a folder for what a new mount namespace has mounted. It is one that is everywhere,
// whose content is hidden from this thread alone, rather than one that would have to be made.
const mountPoint = "/proc/sys"
