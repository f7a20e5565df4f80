// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package holder_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/holder"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// start starts a holder that is killed at the end.
func start(t *testing.T, input *os.File, files ...holder.File) (pid int) {
	t.Helper()
	pid, err := holder.Start(input, files...)
	if err != nil {
		t.Fatal(err)
	}
	if pid <= 1 {
		t.Fatalf("process %d", pid) // which would be all processes to kill
	}
	t.Cleanup(func() {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
		if _, err := syscall.Wait4(pid, nil, 0, nil); err != nil {
			t.Error(err)
		}
	})
	return pid
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Close() // unless the test has
		_ = w.Close()
	})
	return r, w
}

func TestHolderHasWhatItWasGivenAndNothingElse(t *testing.T) {
	g := NewWithT(t)
	inherited, _ := pipe(t)
	g.Expect(syscall.Dup3(int(inherited.Fd()), 91, 0)).To(Succeed()) // not close-on-exec, as what this process was started with
	defer syscall.Close(91)
	null, err := os.Open(os.DevNull)
	g.Expect(err).NotTo(HaveOccurred())
	defer null.Close()
	t.Setenv("SECRET", "of the caller")
	pid := start(t, nil, holder.File{File: null, What: "null of client"}, holder.File{File: null, What: "null of server"})

	dir := fmt.Sprintf("/proc/%d", pid)
	g.Eventually(func() []string {
		fds, err := filepath.Glob(dir + "/fd/*")
		g.Expect(err).NotTo(HaveOccurred())
		return fds
	}).Should(HaveLen(holder.FirstFD + 2))
	for fd := range holder.FirstFD + 2 {
		want := "/dev/null"
		if fd == holder.FirstFD-1 {
			want = "/memfd:" + holder.Name + " (deleted)"
		}
		g.Expect(os.Readlink(fmt.Sprintf("%s/fd/%d", dir, fd))).To(Equal(want))
	}
	g.Expect(os.ReadFile(dir + "/cmdline")).To(BeEquivalentTo(holder.Name + "\x00\x00\x00\x00null of client\x00null of server\x00"))
	g.Expect(os.ReadFile(dir + "/environ")).To(BeEmpty())
	g.Expect(os.Readlink(dir + "/cwd")).To(Equal("/"))
	maps, err := os.ReadFile(dir + "/maps")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(strings.Count(string(maps), holder.Name)).To(Equal(1), "all of its memory:\n%s", maps)
	g.Expect(string(maps)).NotTo(MatchRegexp(`(?m)rwx|\.test`))
	session, _, errno := syscall.Syscall(syscall.SYS_GETSID, uintptr(pid), 0, 0)
	g.Expect(errno).To(BeZero())
	g.Expect(session).To(BeEquivalentTo(pid), "a session of its own, which no terminal ends")
}

// What a program writes that is held must not fill a pipe, or end it.
func TestHolderReadsItsInput(t *testing.T) {
	g := NewWithT(t)
	r, w := pipe(t)
	start(t, r)
	g.Expect(r.Close()).To(Succeed())
	for range 100 { // more than a pipe takes (pipe(7))
		if _, err := w.Write(make([]byte, 10000)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHolderWaitsAfterTheEndOfItsInput(t *testing.T) {
	g := NewWithT(t)
	r, w := pipe(t)
	pid := start(t, r)
	g.Expect(errors.Join(r.Close(), w.Close())).To(Succeed())
	g.Eventually(func() (string, error) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
		return string(text), err
	}).Should(MatchRegexp(`^(34|73) `), "pause or ppoll")
	p, err := procfs.ReadProcess(procfs.Root, pid, func(procfs.Stat) bool { return true })
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(p.State)).To(Equal("S"))
}

// Whoever gets hold of the program can change nothing in what others run.
func TestProgramCannotBeChanged(t *testing.T) {
	g := NewWithT(t)
	program, err := holder.Program()
	g.Expect(err).NotTo(HaveOccurred())
	defer program.Close()
	file, err := program.File("program")
	g.Expect(err).NotTo(HaveOccurred())
	defer file.Close()
	_, err = file.WriteAt([]byte("x"), 0)
	g.Expect(err).To(MatchError(syscall.EPERM))
	g.Expect(file.Truncate(0)).To(MatchError(syscall.EPERM))
}
