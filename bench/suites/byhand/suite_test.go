// SPDX-License-Identifier: Apache-2.0

package byhand

import (
	"runtime"
	"strconv"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/bench/suites/work"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func TestSuite(t *testing.T) {
	for i := range work.Tests() {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			if work.Parallel() {
				t.Parallel()
			}
			if err := inNewNamespace(work.Do); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// inNewNamespace runs f on a thread that is never used again.
func inNewNamespace(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		done <- func() error {
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return err
			}
			lo, err := netlink.LinkByName("lo")
			if err != nil {
				return err
			}
			if err := netlink.LinkSetUp(lo); err != nil {
				return err
			}
			return f()
		}()
	}()
	return <-done
}
