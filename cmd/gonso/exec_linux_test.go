// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// relayed are the signals that reach the program.
var relayed = []syscall.Signal{
	unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGABRT, unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM,
}

// listen is a program that prints the signals that it gets, and ends with status 3
// at SIGTERM.
func listen() {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, unix.SIGTERM)
	for _, s := range relayed {
		signal.Notify(signals, s)
	}
	fmt.Println("ready")
	for s := range signals {
		fmt.Println(s)
		if s == unix.SIGTERM {
			os.Exit(3)
		}
	}
}

// start starts a program and returns what it prints, line by line, once it has
// printed 'ready'.
func start(t *testing.T, cmd *exec.Cmd) *bufio.Scanner {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // unless it has ended
	lines := bufio.NewScanner(out)
	expect(t, lines, "ready")
	return lines
}

func expect(t *testing.T, lines *bufio.Scanner, want string) {
	t.Helper()
	if !lines.Scan() {
		t.Fatalf("the output ended (%v), want %q", lines.Err(), want)
	}
	if lines.Text() != want {
		t.Fatalf("%q, want %q", lines.Text(), want)
	}
}

func TestSignalsReachTheProgram(t *testing.T) {
	for _, init := range []string{"-init", "-init=false"} {
		t.Run(init, func(t *testing.T) {
			cmd := exec.Command("gonso", "exec", init, "--", "listener")
			lines := start(t, cmd)
			for _, s := range append(relayed, unix.SIGTERM) {
				if err := cmd.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
				expect(t, lines, s.String())
			}
			if lines.Scan() {
				t.Errorf("%q, want nothing more", lines.Text())
			}
			if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 3 {
				t.Errorf("%v, want the program's exit status 3", err)
			}
		})
	}
}

// TestSignalsThatAreIgnored as nohup(1) has it stay ignored in the program.
func TestSignalsThatAreIgnored(t *testing.T) {
	out, err := exec.Command("sh", "-c", "trap '' HUP; exec gonso exec -- sh -c 'kill -HUP $$; echo alive'").CombinedOutput()
	if err != nil || string(out) != "alive\n" {
		t.Errorf("%q, %v, want the program alive", out, err)
	}
}

func TestEndsByTheSignalThatEndedTheProgram(t *testing.T) {
	for _, s := range append([]syscall.Signal{unix.SIGTERM, unix.SIGKILL, unix.SIGSEGV, unix.SIGPIPE, syscall.Signal(40)}, relayed...) {
		t.Run(s.String(), func(t *testing.T) {
			cmd := exec.Command("gonso", "exec", "-net=false", "--", "sh", "-c", fmt.Sprintf("kill -%d $$", s))
			out, err := cmd.CombinedOutput()
			status := cmd.ProcessState.Sys().(syscall.WaitStatus)
			if !status.Signaled() || status.Signal() != s {
				t.Errorf("%v, want signal %v", err, s)
			}
			if status.CoreDump() {
				t.Error("a core file of gonso's own")
			}
			if len(out) > 0 {
				t.Errorf("printed %q", out)
			}
		})
	}
}

// TestNothingOutlivesIt whether the program ends or gonso is killed. All processes
// inside have the pipe that the test reads from.
func TestNothingOutlivesIt(t *testing.T) {
	const script = "(trap '' HUP TERM; read forever <fifo) & echo ready; "
	for _, end := range []struct {
		name, script string
		signal       os.Signal
	}{
		{name: "the program ends", script: "exit 0"},
		{name: "gonso is killed", script: "read forever <fifo", signal: os.Kill},
	} {
		t.Run(end.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("gonso", "exec", "--", "sh", "-c", script+end.script)
			cmd.Dir = dir
			lines := start(t, cmd)
			if end.signal != nil {
				if err := cmd.Process.Signal(end.signal); err != nil {
					t.Fatal(err)
				}
			}
			for lines.Scan() { // until nobody has the other end
				t.Error(lines.Text())
			}
			if err := cmd.Wait(); (err == nil) != (end.signal == nil) {
				t.Error(err)
			}
		})
	}
}

// TestAStoppedProcessHangsNobodyUp where there is no terminal, as in CI: those around gonso learn nothing of the program's end, though one of
// them is stopped.
func TestAStoppedProcessHangsNobodyUp(t *testing.T) {
	for _, flag := range []string{"-pid=true", "-pid=false"} {
		cmd := exec.Command("sh", "-c", "sleep 1000 & kill -STOP $!; gonso exec "+flag+" -- true; kill -KILL $!; echo lives")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if out, err := cmd.CombinedOutput(); string(out) != "lives\n" {
			t.Errorf("%s: it prints %q, %v", flag, out, err)
		}
	}
}
