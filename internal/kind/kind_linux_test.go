// SPDX-License-Identifier: Apache-2.0

package kind_test

import (
	"math/bits"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
)

func TestFlagsAreTheKernels(t *testing.T) {
	flags := map[string]int{
		"cgroup": unix.CLONE_NEWCGROUP,
		"ipc":    unix.CLONE_NEWIPC,
		"mnt":    unix.CLONE_NEWNS,
		"net":    unix.CLONE_NEWNET,
		"pid":    unix.CLONE_NEWPID,
		"time":   unix.CLONE_NEWTIME,
		"user":   unix.CLONE_NEWUSER,
		"uts":    unix.CLONE_NEWUTS,
	}
	for _, k := range kind.Table {
		if k.Flag != flags[k.Name] {
			t.Errorf("%s is %#x in the table, %#x in the kernel", k.Name, k.Flag, flags[k.Name])
		}
	}
}

// What no row may lack. Whether what it claims is so, the tests of package set measure.
func TestRowsAreComplete(t *testing.T) {
	for i, k := range kind.Table {
		if k.Name == "" || k.Link == "" || k.Purpose == "" {
			t.Errorf("row %d lacks something: %+v", i, k)
		}
		if bits.OnesCount(uint(k.Flag)) != 1 {
			t.Errorf("%s has the flag %#x, which is not one", k.Name, k.Flag)
		}
		if k.Restorable && !k.Thread {
			t.Errorf("%s: a thread that cannot go there can come back", k.Name)
		}
		if named, ok := kind.Named(k.Name); !ok || named != k || kind.Index(k.Flag) != i || kind.Name(k.Flag) != k.Name {
			t.Errorf("%s is there twice, by its name or its flag", k.Name)
		}
	}
	if last := len(kind.Table) - 1; kind.Index(kind.User) != 0 || kind.Index(kind.Mnt) != last {
		t.Errorf("user has row %d and mnt row %d, want 0 and %d: the one gives the rights, the other takes the paths",
			kind.Index(kind.User), kind.Index(kind.Mnt), last)
	}
}

func TestWhatIsNoKind(t *testing.T) {
	for _, flags := range []int{0, 1, kind.Net | kind.UTS, -1} {
		if i := kind.Index(flags); i != -1 || kind.Name(flags) != "" {
			t.Errorf("%#x is row %d, %q", flags, i, kind.Name(flags))
		}
	}
	for _, name := range []string{"", "NET", "pid_for_children"} {
		if k, ok := kind.Named(name); ok {
			t.Errorf("%q is %+v", name, k)
		}
	}
}

func TestNames(t *testing.T) {
	for flags, want := range map[int]string{
		0:                                  "",
		kind.UTS | kind.Net:                "net, uts",
		kind.Mnt | kind.User | 1:           "user, mnt, 0x1",
		kind.Time | kind.Cgroup | kind.PID: "cgroup, pid, time",
	} {
		if got := kind.Names(flags); got != want {
			t.Errorf("%#x: %q, want %q", flags, got, want)
		}
	}
}
