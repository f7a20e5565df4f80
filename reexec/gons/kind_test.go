// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gons_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/reexec/gons"
)

func TestKindsHaveTheFlagsOfSetns(t *testing.T) {
	NewWithT(t).Expect(gons.Flags()).To(Equal(map[string]int{
		"cgroup": unix.CLONE_NEWCGROUP,
		"ipc":    unix.CLONE_NEWIPC,
		"mnt":    unix.CLONE_NEWNS,
		"net":    unix.CLONE_NEWNET,
		"pid":    unix.CLONE_NEWPID,
		"time":   unix.CLONE_NEWTIME,
		"user":   unix.CLONE_NEWUSER,
		"uts":    unix.CLONE_NEWUTS,
	}))
}
