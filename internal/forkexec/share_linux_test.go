// SPDX-License-Identifier: Apache-2.0

package forkexec_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// What a child does to its memory, it would do to this process's.
func TestOnlyWhoNeedsNoMemoryOfItsOwnSharesIt(t *testing.T) {
	unshare := func(flags uintptr) *syscall.SysProcAttr { return &syscall.SysProcAttr{Unshareflags: flags} }
	for name, tc := range map[string]struct {
		attr   forkexec.Attr
		shares bool
	}{
		"nothing":          {forkexec.Attr{}, true},
		"mnt":              {forkexec.Attr{Joins: fresh(t, unix.CLONE_NEWNS)}, true},
		"ipc and net":      {forkexec.Attr{Joins: fresh(t, unix.CLONE_NEWIPC, unix.CLONE_NEWNET)}, true},
		"a new mnt":        {forkexec.Attr{Sys: unshare(unix.CLONE_NEWNS)}, true},
		"user":             {forkexec.Attr{Joins: fresh(t, unix.CLONE_NEWUSER)}, false},
		"a new user":       {forkexec.Attr{Sys: unshare(unix.CLONE_NEWUSER)}, false},
		"other IDs":        {forkexec.Attr{Sys: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 12}}}, false},
		"time":             {forkexec.Attr{Joins: fresh(t, unix.CLONE_NEWTIME)}, false},
		"a new time":       {forkexec.Attr{Sys: unshare(unix.CLONE_NEWTIME)}, false},
		"a second process": {forkexec.Attr{Joins: fresh(t, unix.CLONE_NEWPID)}, false},
	} {
		NewWithT(t).Expect(forkexec.SharesMemory(&tc.attr)).To(Equal(tc.shares && forkexec.CanShareMemory), name)
	}
}

// The size of its memory grows with this process's. Where the kernel refuses such a child a copy takes its place, and all else is as it is.
func TestChildSharesMemory(t *testing.T) {
	g := NewWithT(t)
	pages := func(pid int) (n int) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(fmt.Sscan(string(b), &n)).To(Equal(1))
		return n
	}
	const more = 64 << 20
	var grown int
	attr := &forkexec.Attr{Joins: fresh(t, unix.CLONE_NEWNS), Guard: func(pid int) error {
		before := pages(pid)
		mapped, err := unix.Mmap(-1, 0, more, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			return err
		}
		grown = pages(pid) - before
		return unix.Munmap(mapped)
	}}
	output(t, attr, "true")
	g.Expect(grown >= more/os.Getpagesize()).To(Equal(forkexec.CanShareMemory), "grew by %d pages (QEMU's user mode has no such children)", grown)
}

// A process that may not be traced and dumped has files in /proc that are root's. Its arguments are what a hidden child unmaps.
func TestStartLeavesThisProcessAsItIs(t *testing.T) {
	look := func() string {
		dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		args, err := os.ReadFile("/proc/self/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("dumpable: %d, arguments: %q", dumpable, args)
	}
	other := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 12, Gid: 34}}
	for name, tc := range map[string]struct {
		kinds []int
		sys   *syscall.SysProcAttr
	}{
		"mnt":                {[]int{unix.CLONE_NEWNS}, nil},
		"net":                {[]int{unix.CLONE_NEWNET}, nil},
		"pid":                {[]int{unix.CLONE_NEWPID}, nil},
		"pid and mnt":        {[]int{unix.CLONE_NEWPID, unix.CLONE_NEWNS}, nil},
		"pid and time":       {[]int{unix.CLONE_NEWPID, unix.CLONE_NEWTIME}, nil},
		"user":               {[]int{unix.CLONE_NEWUSER}, nil},
		"net, as another":    {[]int{unix.CLONE_NEWNET}, other},
		"pid, as another":    {[]int{unix.CLONE_NEWPID}, other},
		"mnt, as another":    {[]int{unix.CLONE_NEWNS}, other},
		"a new mnt":          {nil, &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}},
		"a new user and pid": {nil, &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWUSER | unix.CLONE_NEWPID}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			if tc.sys == other {
				nstest.RequireFeatures(t, "setuid")
			}
			before := look()
			output(t, &forkexec.Attr{Joins: fresh(t, tc.kinds...), Sys: tc.sys}, "true")
			g.Expect(look()).To(Equal(before))
		})
	}
}

// A program has the signals as package os/exec gives them.
func TestStartGivesSignals(t *testing.T) {
	for name, kinds := range map[string][]int{"here": nil, "mnt": {unix.CLONE_NEWNS}, "pid": {unix.CLONE_NEWPID}, "user": {unix.CLONE_NEWUSER}} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			signal.Ignore(unix.SIGUSR2)
			defer signal.Reset(unix.SIGUSR2)
			handled := make(chan os.Signal, 1)
			signal.Notify(handled, unix.SIGUSR1)
			defer signal.Stop(handled)
			grep := []string{"grep", "-E", "^Sig(Blk|Ign|Cgt|Pnd)", "/proc/self/status"} // a shell unblocks signals by itself
			want, err := exec.Command("/bin/grep", grep[1:]...).Output()
			g.Expect(err).NotTo(HaveOccurred())
			r, w := pipe(t)
			p, err := forkexec.Start(t.Context(), []string{"/bin/grep"}, grep, &forkexec.Attr{Joins: fresh(t, kinds...), Files: []uintptr{w.Fd(), w.Fd(), w.Fd()}})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(w.Close()).To(Succeed())
			got, err := io.ReadAll(r)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(p.Wait()).To(HaveField("Success()", BeTrue()))
			g.Expect(string(got)).To(Equal(string(want)))
		})
	}
}
