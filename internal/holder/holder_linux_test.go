// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package holder_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/holder"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// start starts a holder that is killed at the end.
func start(t *testing.T, files ...holder.File) (pid int) {
	t.Helper()
	pid, err := holder.Start(files...)
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
	pid := start(t, holder.File{File: null, What: "null of client"}, holder.File{File: null, What: "null of server"})

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

func TestHolderWaits(t *testing.T) {
	g := NewWithT(t)
	pid := start(t)
	g.Eventually(func() (string, error) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
		return string(text), err
	}).Should(MatchRegexp(`^(34|73) `), "pause or ppoll")
	p, err := procfs.ReadProcess(procfs.Root, pid, func(procfs.Stat) bool { return true })
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(p.State)).To(Equal("S"))
}

// What a program writes must not fill a pipe, or end it.
func TestDrainReadsUntilTheEnd(t *testing.T) {
	g := NewWithT(t)
	r, w := pipe(t)
	pid, err := holder.Drain(r)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.Close()).To(Succeed())
	for range 100 { // more than a pipe takes (pipe(7))
		if _, err := w.Write(make([]byte, 10000)); err != nil {
			t.Fatal(err)
		}
	}
	g.Expect(holder.Drains()).To(ContainElement(pid))
	g.Expect(w.Close()).To(Succeed())
	g.Eventually(holder.Drains).ShouldNot(ContainElement(pid))
	g.Expect(syscall.Kill(pid, 0)).To(MatchError(syscall.ESRCH), "it is waited for")
}

// sleeper starts a process that ends when it is killed, and leads a process group.
func sleeper(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "infinity")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // unless it has ended
		_ = cmd.Wait()
	})
	return cmd
}

// guards are the functions that start one.
var guards = map[string]func(int) (*holder.Guard, error){"process": holder.StartGuard, "group": holder.StartGroupGuard}

func TestGuardLetsGoOfWhatItHasGuarded(t *testing.T) {
	for name, start := range guards {
		t.Run(name, func(t *testing.T) { letsGo(t, start) })
	}
}

func letsGo(t *testing.T, start func(int) (*holder.Guard, error)) {
	g := NewWithT(t)
	cmd := sleeper(t)
	guard, err := start(cmd.Process.Pid)
	g.Expect(err).NotTo(HaveOccurred())
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", guard.PID()))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(strings.Count(string(text), "gonso-guard")).To(Equal(1), "all of its memory:\n%s", text)
	pid := guard.PID()
	g.Expect(guard.Dismiss()).To(Succeed())
	g.Expect(syscall.Kill(pid, 0)).To(MatchError(syscall.ESRCH), "it is waited for")
	p, err := procfs.ReadProcess(procfs.Root, cmd.Process.Pid, func(procfs.Stat) bool { return true })
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(p.State)).NotTo(Equal("Z"))
}

func TestGuardKillsWhenThisProcessEnds(t *testing.T) {
	g := NewWithT(t)
	cmd := sleeper(t)
	guard, err := holder.StartGuard(cmd.Process.Pid)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(guard.Abandon()).To(Succeed()) // which is all that it sees of that end
	g.Expect(cmd.Wait()).To(MatchError("signal: killed"))
}

func TestGroupGuardKillsTheGroupWhenThisProcessEnds(t *testing.T) {
	g := NewWithT(t)
	leader, bystander, member := sleeper(t), sleeper(t), exec.Command("sleep", "infinity")
	member.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: leader.Process.Pid}
	g.Expect(member.Start()).To(Succeed())
	kill := time.AfterFunc(10*time.Second, func() { _ = member.Process.Kill() })
	guard, err := holder.StartGroupGuard(leader.Process.Pid)
	if err == nil {
		err = guard.Abandon()
	}
	g.Expect(member.Wait(), err).To(MatchError("signal: killed"))
	g.Expect(kill.Stop()).To(BeTrue(), "the guard has not killed it")
	g.Expect(leader.Wait()).To(MatchError("signal: killed"))
	g.Expect(guard.Ended()).To(Succeed())
	g.Expect(sys.HasEnded(bystander.Process.Pid)).To(BeFalse())
}

func TestGuardThatWasKilledIsNoFailure(t *testing.T) {
	g := NewWithT(t)
	guard, err := holder.StartGuard(sleeper(t).Process.Pid)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(syscall.Kill(guard.PID(), syscall.SIGKILL)).To(Succeed())
	g.Expect(guard.Ended()).To(Succeed())
	g.Expect(guard.Dismiss()).To(Succeed())
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
