// SPDX-License-Identifier: Apache-2.0

//go:build linux

package inprocess_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// TestMounted binds a folder of the test around, in the child, into its temporary one.
func TestMounted(t *testing.T) {
	elsewhere := t.TempDir()
	kept := filepath.Join(elsewhere, "kept")
	inside := false
	t.Cleanup(func() {
		if _, err := os.Stat(kept); inside && err != nil {
			t.Error("what was mounted is not the folder's:", err)
		}
	})
	nstest.InProcess(t, "inside", set.NS_USER|set.NS_MNT, func(t *testing.T) {
		inside = true
		if err := os.WriteFile(kept, nil, 0o600); err != nil {
			t.Error(err)
		}
		for what, flag := range map[string]uintptr{"tmpfs": 0, elsewhere: syscall.MS_BIND} {
			if err := syscall.Mount(what, t.TempDir(), "tmpfs", flag, ""); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestHere(t *testing.T) {
	nstest.InProcess(t, "inside", set.NS_USER|set.NS_NET, func(t *testing.T) {
		nstest.Here(t).AddAddress("lo", "192.0.2.1/32")
		t.Run("below", func(t *testing.T) {
			nstest.Here(t).AddAddress("lo", "192.0.2.2/32")
			out, err := nstest.Here(t).Command("id", "-u").Output()
			if string(out) != "0\n" || err != nil {
				t.Errorf("id: %s, %v", out, err)
			}
		})
	})
}
