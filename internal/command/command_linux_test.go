// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/command"
	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(&nstest.M{M: m}) }

// roads are the two ways to a process: as package os starts one, and by package forkexec.
var roads = map[string]*forkexec.Attr{"os": nil, "forkexec": {}}

func both(t *testing.T, f func(t *testing.T, attr *forkexec.Attr)) {
	for name, attr := range roads {
		t.Run(name, func(t *testing.T) { f(t, attr) })
	}
}

func shell(attr *forkexec.Attr, script string) *command.Cmd {
	return &command.Cmd{Path: "/bin/sh", Args: []string{"sh", "-c", script}, Attr: attr}
}

func run(t *testing.T, c *command.Cmd) error {
	t.Helper()
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c.Wait()
}

func TestBothRoadsLeadToTheSameProcess(t *testing.T) {
	both(t, func(t *testing.T, attr *forkexec.Attr) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		c := shell(attr, "cat; pwd; echo $A; echo error >&2; echo extra >&4; readlink /proc/self/fd/3; exit 7")
		var out, errs bytes.Buffer
		c.Stdin, c.Stdout, c.Stderr = strings.NewReader("in\n"), &out, &errs
		c.Dir, c.Env, c.ExtraFiles = "/usr", []string{"A=first", "A=last"}, []*os.File{nil, w}
		var exit *exec.ExitError
		if err := run(t, c); !errors.As(err, &exit) || exit.ExitCode() != 7 || c.ProcessState.ExitCode() != 7 {
			t.Errorf("it ends with %v, want exit status 7", err)
		}
		w.Close()
		extra, err := io.ReadAll(r)
		if out.String() != "in\n/usr\nlast\n" || errs.String() != "error\n" || string(extra) != "extra\n" || err != nil {
			t.Errorf("output %q, error %q, descriptor 4 %q (%v)", &out, &errs, extra, err)
		}
	})
}

func TestOneWriterIsWrittenToByOneGoroutine(t *testing.T) {
	both(t, func(t *testing.T, attr *forkexec.Attr) {
		c := shell(attr, "echo a; echo b >&2; echo c")
		var all bytes.Buffer
		c.Stdout, c.Stderr = &all, &all
		if err := run(t, c); err != nil || all.String() != "a\nb\nc\n" {
			t.Errorf("%q, %v", &all, err)
		}
	})
}

// A context that ends at once finds Started called, by which Cancel has the process.
func TestStartedComesBeforeCancel(t *testing.T) {
	both(t, func(t *testing.T, attr *forkexec.Attr) {
		for range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			c := shell(attr, "exec cat")
			in, err := c.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			var process *os.Process
			c.Started = func(p *os.Process) {
				process = p
				cancel()
			}
			c.Cancel = func() error { return process.Signal(syscall.SIGTERM) }
			if err := c.Start(ctx); err != nil {
				t.Fatal(err)
			}
			var exit *exec.ExitError
			if err := c.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
				t.Errorf("it ends with %v, want SIGTERM", err)
			}
			if err := in.Close(); !errors.Is(err, os.ErrClosed) {
				t.Errorf("Wait has left the pipe open: %v", err)
			}
		}
	})
}

func TestAStartThatFailsLeavesNothingOpen(t *testing.T) {
	both(t, func(t *testing.T, attr *forkexec.Attr) {
		c := &command.Cmd{Path: "/nowhere", Attr: attr, Stdin: strings.NewReader("in"), Stdout: new(bytes.Buffer)}
		errs, err := c.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(t.Context()); !errors.Is(err, unix.ENOENT) {
			t.Errorf("got %v, want %v", err, unix.ENOENT)
		}
		if err := errs.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("the pipe is open: %v", err)
		}
	})
}

func TestEnvironmentsWithNULAreRefused(t *testing.T) {
	both(t, func(t *testing.T, attr *forkexec.Attr) {
		c := shell(attr, "exit")
		c.Env = []string{"A=\x00"}
		if err := c.Start(t.Context()); !errors.Is(err, os.ErrInvalid) {
			t.Errorf("got %v, want %v", err, os.ErrInvalid)
		}
	})
}

func TestFailuresSayWhatTheyAreAbout(t *testing.T) {
	t.Setenv("PATH", "relative:/nowhere")
	for want, c := range map[string]command.Cmd{
		"exec: /nowhere: no such file or directory":                   {Path: "/nowhere"},
		"chdir: /nowhere: no such file or directory":                  {Path: "/bin/true", Dir: "/nowhere"},
		`exec: exec: "true": executable file not found in $PATH`:      {Path: "true", Search: true},
		"chroot: /nowhere: no such file or directory":                 {Path: "/bin/true", Attr: &forkexec.Attr{Sys: &syscall.SysProcAttr{Chroot: "/nowhere"}}},
		"start: SysProcAttr.Ptrace: " + errors.ErrUnsupported.Error(): {Path: "/bin/true", Attr: &forkexec.Attr{Sys: &syscall.SysProcAttr{Ptrace: true}}},
	} {
		if c.Attr == nil {
			c.Attr = &forkexec.Attr{}
		}
		err := c.Start(t.Context())
		got := "start: " + err.Error()
		var failed *forkexec.Error
		if errors.As(err, &failed) {
			got = string(failed.Step) + ": " + failed.Cause().Error()
		}
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
