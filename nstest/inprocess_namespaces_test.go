// SPDX-License-Identifier: Apache-2.0

//go:build linux

package nstest_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// self is the process as /proc has it.
func self(t *testing.T) string {
	t.Helper()
	number, err := os.Readlink("/proc/self")
	if err != nil {
		t.Fatal(err)
	}
	return number
}

func TestInProcessHasAProcOfItsOwn(t *testing.T) {
	nstest.RequireFeatures(t, "proc")
	for _, flags := range []int{
		set.NS_USER | set.NS_PID | set.NS_MNT, set.NS_PID | set.NS_MNT, set.NS_USER | set.NS_PID, set.NS_PID,
	} {
		nstest.InProcess(t, set.KindNames(flags), flags, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(self(t)).To(Equal(fmt.Sprint(os.Getpid())))
			s, err := set.Unshare(set.NS_USER, set.WithRootMapped()) // for which package set needs /proc
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(s.Close()).To(Succeed())
		})
	}
}

func TestInProcessLeavesProcRaw(t *testing.T) {
	nstest.InProcess(t, "raw", set.NS_USER|set.NS_PID, func(t *testing.T) {
		NewWithT(t).Expect(self(t)).NotTo(Equal(fmt.Sprint(os.Getpid())))
	}, nstest.Raw())
}

func TestInProcessSaysThatItHasNoProc(t *testing.T) {
	g := NewWithT(t)
	nstest.RequireFeatures(t, "proc")
	out, code := play(t, "^TestMasked$")
	g.Expect(code).To(BeZero())
	g.Expect(strings.Count(out, "fixtures go without a /proc of their own, which shows the processes of their pid namespace: "+
		"mount proc on /proc: operation not permitted")).To(Equal(1))
	g.Expect(out).To(ContainSubstring("the parent's: true"))
}

// manyIDs reports whether a user namespace that is made here can have more IDs than the
// caller's. A process of InProcess has it from its parent.
func manyIDs(t *testing.T) bool {
	t.Helper()
	const variable = "INPROCESS_MANY_IDS"
	if many, ok := os.LookupEnv(variable); ok {
		return many == "true"
	}
	here, err := procfs.UIDMap(procfs.Root, procfs.Self)
	if err != nil {
		t.Fatal(err)
	}
	many := os.Geteuid() == 0 && (len(here) > 1 || here[0].Count > 1)
	if s, err := set.Unshare(set.NS_USER, set.WithSubIDs()); err == nil {
		many = true
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Setenv(variable, fmt.Sprint(many))
	return many
}

func TestInProcessMapsWhatARootlessRunMaps(t *testing.T) {
	many := manyIDs(t)
	nstest.InProcess(t, "inside", set.NS_USER, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		err := os.Chown(file, 1000, 1000)
		if !many {
			if !errors.Is(err, syscall.EINVAL) {
				t.Errorf("with root alone: %v", err)
			}
			return
		}
		if err := errors.Join(err, syscall.Setgroups([]int{1, 2}), os.Chown(file, 0, 0)); err != nil {
			t.Error(err)
		}
	})
}

func TestInProcessTakesOptions(t *testing.T) {
	ids := []set.IDMap{{ContainerID: 7, HostID: os.Geteuid(), Size: 1}}
	nstest.InProcess(t, "maps", set.NS_USER, func(t *testing.T) {
		if uid := os.Getuid(); uid != 7 {
			t.Errorf("user %d", uid)
		}
	}, nstest.Unshare(set.WithIDMaps(ids, nil)))

	const years = 10 * 365 * 24 * time.Hour
	nstest.InProcess(t, "time", set.NS_USER|set.NS_TIME, func(t *testing.T) {
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil || time.Duration(now.Nano()) < years {
			t.Errorf("%v since the boot, %v", time.Duration(now.Nano()), err)
		}
	}, nstest.Unshare(set.WithTimeOffsets(0, years)))

	prepared := false
	nstest.InProcess(t, "setup", set.NS_UTS|set.NS_USER, func(t *testing.T) {
		if !prepared {
			t.Error("nothing was set up")
		}
	}, nstest.Setup(func() { prepared = true }))
	if prepared {
		t.Error("it was set up in the parent")
	}
}

func TestInProcessStartsWhereItsParentDid(t *testing.T) {
	g := NewWithT(t)
	out, code := play(t, "^TestChdir$")
	g.Expect(code).To(BeZero())
	told := regexp.MustCompile(`working directory (.*), <nil>;`).FindAllStringSubmatch(out, -1)
	g.Expect(told).To(HaveLen(2))
	g.Expect(told[0]).To(Equal(told[1]))
}

func TestInProcessIsNamed(t *testing.T) {
	g := NewWithT(t)
	out, code := play(t, "^TestNamed$")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring("fixture gateway"))
}
