// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// onThread runs work on a thread that ends with it, never the main one, which Go
// does not end.
func onThread(work func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if !sys.OnMainThread() {
			done <- work() // never unlocked
			return
		}
		done <- onThread(work)
		runtime.UnlockOSThread()
	}()
	return <-done
}

// inNew runs work in new namespaces on a thread that ends with it. Mounts made
// there are seen by nobody else.
func inNew(flags int, work func() error) error {
	return onThread(func() error {
		if err := sys.Unshare(flags); err != nil {
			return fmt.Errorf("unshare: %w", err)
		}
		if flags&unix.CLONE_NEWNS != 0 {
			if err := sys.SetPropagation(sys.Private); err != nil {
				return fmt.Errorf("make the mounts private: %w", err)
			}
		}
		return work()
	})
}

// inNewMounts is inNew with a new mount namespace, and a folder to mount on. It is
// one that is everywhere, whose content is hidden from this thread alone, rather than
// one that would have to be made.
func inNewMounts(flags int, work func(dir string) error) error {
	return inNew(flags|unix.CLONE_NEWNS, func() error { return work("/proc/sys") })
}
