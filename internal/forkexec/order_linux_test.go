// SPDX-License-Identifier: Apache-2.0

package forkexec_test

import (
	"os"
	"slices"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"golang.org/x/sys/unix"
)

// Nobody may join the user namespace that they are in (EINVAL), and a mount
// namespace takes root and working directory away from who joins it (setns(2)).
func TestOrderLeavesOutWhatThisProcessHas(t *testing.T) {
	open := func(kind string, flag int) forkexec.Join {
		f, err := os.Open("/proc/self/ns/" + kind)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return forkexec.Join{FD: int(f.Fd()), Flag: flag}
	}
	uts := fresh(t, unix.CLONE_NEWUSER, unix.CLONE_NEWUTS)[1]
	joins, between, err := forkexec.Order([]forkexec.Join{
		open("user", unix.CLONE_NEWUSER), open("net", unix.CLONE_NEWNET), uts, open("mnt", unix.CLONE_NEWNS),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer between.Close()
	if !slices.Equal(joins, []forkexec.Join{uts}) {
		t.Errorf("joins are %+v, want %+v alone", joins, uts)
	}
}
