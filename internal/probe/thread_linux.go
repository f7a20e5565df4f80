// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"os"
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

// inNewFolder is inNew with a new mount namespace and an empty folder to mount
// on.
func inNewFolder(flags int, work func(dir string) error) error {
	dir, err := os.MkdirTemp("", "gonso-probe-")
	if err != nil {
		return err
	}
	err = inNew(flags|unix.CLONE_NEWNS, func() error { return work(dir) })
	// In this mount namespace nothing is mounted there.
	return errors.Join(err, os.Remove(dir))
}
