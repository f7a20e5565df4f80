// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// sh runs a script in the Set, and returns its output.
func sh(t *testing.T, s set.Set, script string) string {
	t.Helper()
	out, err := s.Command(t.Context(), "sh", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestCommandRunsInEveryKind(t *testing.T) {
	each(t, kind.All, func(t *testing.T, name string, flag int) {
		g := NewWithT(t)
		s := unshare(t, flag)
		g.Expect(sh(t, s, "readlink /proc/self/ns/"+name)).To(Equal(id(t, s, flag)))
	})
	t.Run("all", func(t *testing.T) {
		g := NewWithT(t)
		s := unshare(t, kind.All, set.WithRootMapped())
		for _, k := range kind.Table {
			g.Expect(sh(t, s, "readlink /proc/self/ns/"+k.Name)).To(Equal(id(t, s, k.Flag)))
		}
		g.Expect(sh(t, s, "id -u; id -g; echo $PPID")).To(Equal("0\n0\n0"))
	})
}

// A Set whose namespaces belong partly to its user namespace and partly to the one above.
func TestCommandRunsInNamespacesOfDifferentOwners(t *testing.T) {
	g := NewWithT(t)
	above := unshare(t, set.NS_UTS|set.NS_IPC)
	s := closing(t)(above.Unshare(set.NS_USER|set.NS_NET, set.WithRootMapped()))
	g.Expect(sh(t, s, "readlink /proc/self/ns/uts")).To(Equal(id(t, above, set.NS_UTS)))
	g.Expect(sh(t, s, "readlink /proc/self/ns/net; ip link set lo up 2>&1 || true")).To(HavePrefix(id(t, s, set.NS_NET)))
}

func TestCommandNeedsTheInitOfItsPidNamespace(t *testing.T) {
	g := NewWithT(t)
	orig, err := set.Unshare(set.NS_PID)
	g.Expect(err).NotTo(HaveOccurred())
	fds, err := orig.Fds(0)
	g.Expect(err).NotTo(HaveOccurred())
	defer fds.Close()
	s := closing(t)(set.FromFds(fds))
	g.Expect(sh(t, s, "echo $PPID")).To(Equal("0"))
	g.Expect(orig.Close()).To(Succeed())
	err = s.Command(t.Context(), "true").Run()
	expectError(t, err, "fork", set.NS_PID, unix.ENOMEM)
	g.Expect(err).To(MatchError(ContainSubstring("first process of the pid namespace has ended")))
}

func TestCommandNamesWhatFailed(t *testing.T) {
	t.Run("setns", func(t *testing.T) {
		s := unshare(t, set.NS_UTS|set.NS_NET)
		noError(t, set.BreakFd(s, set.NS_NET))
		expectError(t, s.Command(t.Context(), "true").Run(), "setns", set.NS_NET, unix.EINVAL)
	})
	s := unshare(t, set.NS_NET)
	for name, tc := range map[string]struct {
		change func(c *set.Cmd)
		op     string
		kind   int
		want   error
	}{
		"exec":    {func(c *set.Cmd) { c.Path = "/nowhere/true" }, "exec", 0, unix.ENOENT},
		"chdir":   {func(c *set.Cmd) { c.Dir = "/nowhere" }, "chdir", 0, unix.ENOENT},
		"chroot":  {func(c *set.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Chroot: "/nowhere"} }, "chroot", 0, unix.ENOENT},
		"unshare": {func(c *set.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: 1} }, "unshare", 1, unix.EINVAL},
		"start":   {func(c *set.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Ptrace: true} }, "start", 0, errors.ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.Command(t.Context(), "/bin/true")
			tc.change(c)
			expectError(t, c.Run(), tc.op, tc.kind, tc.want)
		})
	}
}

func expectError(t *testing.T, err error, op string, kind int, want error) {
	t.Helper()
	var e *set.Error
	if !errors.As(err, &e) || e.Op != op || e.Kind != kind || !errors.Is(err, want) {
		t.Fatalf("%v is not an Error of %s, kind %#x, with %v", err, op, kind, want)
	}
}

func TestCommandOfAClosedSet(t *testing.T) {
	g := NewWithT(t)
	s, err := set.Unshare(set.NS_NET)
	g.Expect(err).NotTo(HaveOccurred())
	c := s.Command(t.Context(), "true")
	g.Expect(s.Close()).To(Succeed())
	g.Expect(c.Start()).To(MatchError(os.ErrClosed))
	g.Expect(set.Set{}.Command(t.Context(), "true").Run()).To(MatchError(os.ErrInvalid))
}

func TestCommandOutlivesItsSet(t *testing.T) {
	g := NewWithT(t)
	s, err := set.Unshare(set.NS_NET)
	g.Expect(err).NotTo(HaveOccurred())
	c := s.Command(t.Context(), "cat")
	in, err := c.StdinPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(c.Start()).To(Succeed())
	g.Expect(s.Close()).To(Succeed())
	g.Expect(in.Close()).To(Succeed())
	g.Expect(c.Wait()).To(Succeed())
}

func TestCommandLooksForItsProgram(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "only-inside")
	t.Setenv("PATH", "relative:"+dir+":"+os.Getenv("PATH"))
	t.Run("here", func(t *testing.T) {
		g := NewWithT(t)
		c := unshare(t, set.NS_NET).Command(t.Context(), "only-inside")
		g.Expect(errors.Is(c.Err, exec.ErrNotFound)).To(BeTrue())
		g.Expect(c.Run()).To(Equal(c.Err))
	})
	t.Run("inside", func(t *testing.T) {
		g := NewWithT(t)
		s := unshare(t, set.NS_MNT)
		c := s.Command(t.Context(), "only-inside")
		g.Expect(c.Err).NotTo(HaveOccurred())
		err := c.Run()
		expectError(t, err, "exec", 0, exec.ErrNotFound)
		var lookup *exec.Error
		g.Expect(errors.As(err, &lookup)).To(BeTrue())
		g.Expect(s.Do(func() {
			if err := unix.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
				t.Error(err)
			}
			if err := os.WriteFile(program, []byte("#!/bin/sh\necho inside\n"), 0o755); err != nil {
				t.Error(err)
			}
		})).To(Succeed())
		out, err := s.Command(t.Context(), "only-inside").Output()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(out)).To(Equal("inside\n"))
		g.Expect(program).NotTo(BeAnExistingFile())
	})
}

func TestCommandKeepsItsFolderInsideOfAMountNamespace(t *testing.T) {
	g := NewWithT(t)
	wd, err := os.Getwd()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(sh(t, unshare(t, set.NS_MNT), "pwd -P")).To(Equal(wd))
}

func TestCommandEnvironmentAndDir(t *testing.T) {
	g := NewWithT(t)
	s := unshare(t, set.NS_UTS)
	t.Setenv("COMMAND_TEST", "inherited")
	g.Expect(sh(t, s, "echo $COMMAND_TEST")).To(Equal("inherited"))
	c := s.Command(t.Context(), "sh", "-c", "echo $COMMAND_TEST; pwd")
	c.Env = []string{"COMMAND_TEST=first", "COMMAND_TEST=last"}
	c.Dir = "/usr"
	out, err := c.Output()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(out)).To(Equal("last\n/usr\n"))
	c = s.Command(t.Context(), "true")
	c.Dir = "/usr"
	g.Expect(c.Environ()).To(ContainElement("PWD=/usr"))
	c.Env = []string{"A=\x00"}
	g.Expect(c.Run()).To(MatchError(os.ErrInvalid))
}

func TestCommandStreams(t *testing.T) {
	s := unshare(t, set.NS_UTS)
	t.Run("one writer", func(t *testing.T) {
		g := NewWithT(t)
		out, err := s.Command(t.Context(), "sh", "-c", "echo a; echo b >&2; echo c").CombinedOutput()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(out)).To(Equal("a\nb\nc\n"))
	})
	t.Run("none", func(t *testing.T) {
		g := NewWithT(t)
		c := s.Command(t.Context(), "sh", "-c", "readlink /proc/$$/fd/0 /proc/$$/fd/2")
		c.Stderr = nil
		var out bytes.Buffer
		c.Stdout = &out
		g.Expect(c.Run()).To(Succeed())
		g.Expect(out.String()).To(Equal("/dev/null\n/dev/null\n"))
	})
	t.Run("more input than is read", func(t *testing.T) {
		g := NewWithT(t)
		c := s.Command(t.Context(), "head", "-c", "3")
		c.Stdin = strings.NewReader(strings.Repeat("x", 1<<20))
		g.Expect(c.Output()).To(Equal([]byte("xxx")))
	})
	t.Run("pipes", func(t *testing.T) {
		g := NewWithT(t)
		c := s.Command(t.Context(), "sh", "-c", "cat; echo e >&2")
		in, err := c.StdinPipe()
		g.Expect(err).NotTo(HaveOccurred())
		out, err := c.StdoutPipe()
		g.Expect(err).NotTo(HaveOccurred())
		errs, err := c.StderrPipe()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(c.Start()).To(Succeed())
		_, err = io.WriteString(in, "hello")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(in.Close()).To(Succeed())
		g.Expect(io.ReadAll(out)).To(Equal([]byte("hello")))
		g.Expect(io.ReadAll(errs)).To(Equal([]byte("e\n")))
		g.Expect(c.Wait()).To(Succeed())
	})
	t.Run("extra files", func(t *testing.T) {
		g := NewWithT(t)
		r, w, err := os.Pipe()
		g.Expect(err).NotTo(HaveOccurred())
		defer r.Close()
		c := s.Command(t.Context(), "sh", "-c", "echo extra >&4")
		c.ExtraFiles = []*os.File{nil, w}
		g.Expect(c.Run()).To(Succeed())
		w.Close()
		g.Expect(io.ReadAll(r)).To(Equal([]byte("extra\n")))
	})
	t.Run("a writer that fails", func(t *testing.T) {
		g := NewWithT(t)
		c := s.Command(t.Context(), "echo", "x")
		c.Stdout = broken{}
		g.Expect(c.Run()).To(Equal(errBroken))
	})
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestCommandExitError(t *testing.T) {
	g := NewWithT(t)
	s := unshare(t, set.NS_USER|set.NS_PID, set.WithRootMapped())
	out, err := s.Command(t.Context(), "sh", "-c", "echo o; echo e >&2; exit 7").Output()
	var exit *exec.ExitError
	g.Expect(errors.As(err, &exit)).To(BeTrue())
	g.Expect(exit.ExitCode()).To(Equal(7))
	g.Expect(string(exit.Stderr)).To(Equal("e\n"))
	g.Expect(string(out)).To(Equal("o\n"))
	// Only the beginning and the end of a long text are kept.
	_, err = s.Command(t.Context(), "sh", "-c", "echo first >&2; head -c 200000 /dev/zero >&2; echo last >&2; exit 1").Output()
	g.Expect(errors.As(err, &exit)).To(BeTrue())
	g.Expect(string(exit.Stderr)).To(HavePrefix("first\n"))
	g.Expect(string(exit.Stderr)).To(HaveSuffix("last\n"))
	g.Expect(len(exit.Stderr)).To(BeNumerically("<", 70_000))
	err = s.Command(t.Context(), "sh", "-c", "sh -c 'kill -9 $PPID'").Run()
	g.Expect(err).To(MatchError("signal: killed"))
}

func TestCommandEndsWithItsContext(t *testing.T) {
	s := unshare(t, set.NS_PID)
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		NewWithT(t).Expect(s.Command(ctx, "true").Run()).To(MatchError(context.Canceled))
	})
	t.Run("killed", func(t *testing.T) {
		g := NewWithT(t)
		ctx, cancel := context.WithCancel(t.Context())
		c := s.Command(ctx, "sleep", "1000")
		g.Expect(c.Start()).To(Succeed())
		cancel()
		g.Expect(c.Wait()).To(MatchError("signal: killed"))
	})
	t.Run("asked", func(t *testing.T) {
		g := NewWithT(t)
		ctx, cancel := context.WithCancel(t.Context())
		c := s.Command(ctx, "sh", "-c", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done")
		c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
		out, err := c.StdoutPipe()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(c.Start()).To(Succeed())
		_, err = fmt.Fscanln(out, new(string))
		g.Expect(err).NotTo(HaveOccurred())
		cancel()
		g.Expect(c.Wait()).To(MatchError(context.Canceled))
	})
	t.Run("deaf", func(t *testing.T) {
		g := NewWithT(t)
		ctx, cancel := context.WithCancel(t.Context())
		c := s.Command(ctx, "sleep", "1000")
		c.Cancel = func() error { return nil }
		c.WaitDelay = time.Millisecond
		g.Expect(c.Start()).To(Succeed())
		cancel()
		g.Expect(c.Wait()).To(MatchError("signal: killed"))
	})
}

// golang/go#23019: a process that the command left behind holds its output open.
func TestCommandWaitDelay(t *testing.T) {
	for name, cancelled := range map[string]bool{"exited": false, "cancelled": true} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := unshare(t, set.NS_PID)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			script := "sleep 1000 & exit 0"
			want := exec.ErrWaitDelay.Error()
			if cancelled {
				script, want = "sleep 1000 & wait", "signal: killed"
			}
			c := s.Command(ctx, "sh", "-c", script)
			c.Stdout = &bytes.Buffer{}
			c.WaitDelay = 10 * time.Millisecond
			g.Expect(c.Start()).To(Succeed())
			if cancelled {
				cancel()
			}
			g.Expect(c.Wait()).To(MatchError(want))
		})
	}
}

func TestCommandMisuse(t *testing.T) {
	g := NewWithT(t)
	s := unshare(t, set.NS_UTS)
	c := s.Command(t.Context(), "true")
	g.Expect(c.Wait()).NotTo(Succeed())
	g.Expect(c.Run()).To(Succeed())
	g.Expect(c.Start()).NotTo(Succeed())
	g.Expect(c.Wait()).NotTo(Succeed())
	_, err := c.StdinPipe()
	g.Expect(err).To(HaveOccurred())
	c = s.Command(t.Context(), "true")
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	for _, f := range []func() error{
		func() error { _, err := c.StdinPipe(); return err },
		func() error { _, err := c.StdoutPipe(); return err },
		func() error { _, err := c.StderrPipe(); return err },
		func() error { _, err := c.Output(); return err },
		func() error { _, err := c.CombinedOutput(); return err },
	} {
		g.Expect(f()).To(MatchError(ContainSubstring("already set")))
	}
	g.Expect((&set.Cmd{Path: "/bin/true"}).Run()).NotTo(Succeed())
	g.Expect(s.Command(t.Context(), "").Run()).NotTo(Succeed())
	g.Expect(s.Command(t.Context(), "sh", "-c", "x y").String()).To(HaveSuffix("/sh -c x y"))
	//lint:ignore SA1012 what it does about that is what is tested
	g.Expect(func() { s.Command(nil, "true") }).To(Panic())
}

func TestCommandLeaksNothing(t *testing.T) {
	g := NewWithT(t)
	s := unshare(t, set.NS_USER|set.NS_PID, set.WithRootMapped())
	run := func() {
		for _, path := range []string{"/bin/echo", "/nowhere"} {
			c := s.Command(t.Context(), path)
			c.Stdin, c.Stdout = strings.NewReader("in"), &bytes.Buffer{}
			_, err := c.StderrPipe()
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(c.Run() == nil).To(Equal(path != "/nowhere"))
		}
	}
	run() // what is opened once
	before := openFiles(t)
	for range 10 {
		run()
	}
	g.Expect(openFiles(t)).To(Equal(before))
}
