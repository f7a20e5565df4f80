// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// TestTerminalInterruptsOnce has the user press ^C, which the terminal sends to all
// processes in the foreground.
func TestTerminalInterruptsOnce(t *testing.T) {
	terminal, program := openTerminal(t)
	cmd := exec.Command("gonso", "exec", "--", "listener")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // unless it has ended
	lines := bufio.NewScanner(terminal)
	expect(t, lines, "ready")

	// An interrupt that one of these two passed on could reach the program together
	// with the terminal's, and the two be one. So they get theirs later.
	inside, err := procfs.Children(procfs.Root, cmd.Process.Pid)
	if err != nil || len(inside) != 1 {
		t.Fatalf("children %v, %v, want process 1 of the new namespace", inside, err)
	}
	relays := []int{cmd.Process.Pid, inside[0].PID}
	for _, pid := range relays {
		stop(t, pid)
	}
	if _, err := io.WriteString(terminal, "\x03"); err != nil {
		t.Fatal(err)
	}
	expect(t, lines, "^C"+unix.SIGINT.String())
	for _, pid := range relays {
		if err := syscall.Kill(pid, unix.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}

	// What was passed on would come before this.
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	expect(t, lines, unix.SIGTERM.String())
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("%v, want the program's exit status 3", err)
	}
}

// TestInterruptsInTheBackgroundReachTheProgram though there is a terminal, which then
// has not sent them.
func TestInterruptsInTheBackgroundReachTheProgram(t *testing.T) {
	terminal, program := openTerminal(t)
	shell := exec.Command("sh", "-mc", "gonso exec -- listener & wait")
	shell.Stdin, shell.Stdout, shell.Stderr = program, program, program
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shell.Process.Kill() }) // unless it has ended
	lines := bufio.NewScanner(terminal)
	expect(t, lines, "ready")
	jobs, err := procfs.Children(procfs.Root, shell.Process.Pid)
	if err != nil || len(jobs) != 1 {
		t.Fatalf("children %v, %v, want gonso", jobs, err)
	}
	for _, s := range []syscall.Signal{unix.SIGINT, unix.SIGQUIT, unix.SIGTERM} {
		if err := syscall.Kill(jobs[0].PID, s); err != nil {
			t.Fatal(err)
		}
		expect(t, lines, s.String())
	}
	if err := shell.Wait(); err != nil {
		t.Error(err)
	}
}

// stop stops a process, and waits until all of its threads are.
func stop(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	NewWithT(t).Eventually(func(g Gomega) {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		g.Expect(err).NotTo(HaveOccurred())
		for _, task := range tasks {
			text, err := os.ReadFile(task)
			g.Expect(err).NotTo(HaveOccurred())
			stat, err := procfs.ParseStat(text)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(stat.State)).To(Equal("T"), task)
		}
	}).Should(Succeed())
}

// openTerminal returns both ends of a new terminal.
func openTerminal(t *testing.T) (user, program *os.File) {
	t.Helper()
	user, program, err := sys.OpenTerminal()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, f := range []*os.File{user, program} {
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return user, program
}
