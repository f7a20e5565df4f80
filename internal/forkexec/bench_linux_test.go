// SPDX-License-Identifier: Apache-2.0

package forkexec_test

import (
	"os/exec"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"golang.org/x/sys/unix"
)

func BenchmarkStart(b *testing.B) {
	b.Run("os/exec", func(b *testing.B) {
		for b.Loop() {
			if err := exec.Command("/bin/true").Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, bm := range []struct {
		name  string
		flags []int
	}{
		{"no namespace", nil},
		{"mnt", []int{unix.CLONE_NEWNS}},
		{"mnt+pid", []int{unix.CLONE_NEWNS, unix.CLONE_NEWPID}},
		{"user+net+mnt", []int{unix.CLONE_NEWUSER, unix.CLONE_NEWNET, unix.CLONE_NEWNS}},
		{"user+net+mnt+pid", []int{unix.CLONE_NEWUSER, unix.CLONE_NEWNET, unix.CLONE_NEWPID, unix.CLONE_NEWNS}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			attr := &forkexec.Attr{Joins: fresh(b, bm.flags...)}
			for b.Loop() {
				p, err := forkexec.Start(b.Context(), []string{"/bin/true"}, []string{"true"}, attr)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := p.Wait(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkHold(b *testing.B) {
	for name, flags := range map[string]int{"user": unix.CLONE_NEWUSER, "user+pid": unix.CLONE_NEWUSER | unix.CLONE_NEWPID} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				h, _, err := forkexec.Hold(nil, flags, forkexec.Setup{})
				if err != nil {
					b.Fatal(err)
				}
				if err := h.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
