// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package forkexec_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/holder"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"golang.org/x/sys/unix"
)

// keepable has the first processes of pid namespaces that are made from now on be such that they can be kept.
func keepable(t *testing.T) {
	t.Helper()
	program, err := holder.Program()
	if err != nil {
		t.Fatal(err)
	}
	forkexec.KeepInits(program)
	t.Cleanup(func() {
		forkexec.KeepInits(nil)
		if err := program.Close(); err != nil {
			t.Error(err)
		}
	})
}

// idOf returns the identity of a namespace.
func idOf(t *testing.T, j forkexec.Join) sys.InodeID {
	t.Helper()
	fd, err := sys.DupOf(j.FD)
	if err != nil {
		t.Fatal(err)
	}
	defer fd.Close()
	id, err := fd.InodeID()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestKeptInitHasNothingOfTheCaller(t *testing.T) {
	g := NewWithT(t)
	t.Setenv("SECRET", "of the caller")
	keepable(t)
	for name, flags := range map[string][]int{
		"pid":      {unix.CLONE_NEWPID},
		"user+pid": {unix.CLONE_NEWUSER, unix.CLONE_NEWPID, unix.CLONE_NEWNS},
	} {
		t.Run(name, func(t *testing.T) {
			joins, h := hold(t, nil, flags...)
			pid, err := forkexec.KeepInit(idOf(t, joins[min(1, len(joins)-1)]))
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(pid).To(Equal(h.PID()))
			t.Cleanup(func() {
				g.Expect(syscall.Kill(pid, syscall.SIGKILL)).To(Succeed())
				_, err := syscall.Wait4(pid, nil, 0, nil)
				g.Expect(err).NotTo(HaveOccurred())
			})
			again, err := forkexec.KeepInit(idOf(t, joins[min(1, len(joins)-1)]))
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(again).To(Equal(pid), "by the second fixture that has the namespace")
			g.Expect(h.Close()).To(Succeed())

			dir := fmt.Sprintf("/proc/%d", pid)
			g.Expect(os.ReadFile(dir + "/cmdline")).To(BeEquivalentTo("gonso-holder\x00"))
			g.Expect(os.ReadFile(dir + "/environ")).To(BeEmpty())
			g.Expect(os.Readlink(dir + "/exe")).To(ContainSubstring("memfd:"))
			maps, err := os.ReadFile(dir + "/maps")
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(strings.Count(string(maps), "\n")).To(BeNumerically("<", 7), "all of its memory:\n%s", maps)
			g.Eventually(func() ([]os.DirEntry, error) { return os.ReadDir(dir + "/fd") }).Should(BeEmpty())
			g.Expect(sh(t, joins, "(true & true); echo goes on")).To(Equal("goes on"))
		})
	}
}

func TestInitIsKeptOnlyIfThereIsOne(t *testing.T) {
	g := NewWithT(t)
	before := held(t, nil, unix.CLONE_NEWPID)
	keepable(t)
	joins, h := hold(t, nil, unix.CLONE_NEWPID)
	g.Expect(h.Close()).To(Succeed())
	for _, j := range [][]forkexec.Join{before, joins} {
		pid, err := forkexec.KeepInit(idOf(t, j[0]))
		g.Expect(pid, err).To(BeZero(), "one that was made before, or is closed")
	}
}
