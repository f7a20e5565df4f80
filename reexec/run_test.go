// SPDX-License-Identifier: Apache-2.0

//go:build linux

package reexec_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/reexec"
)

func TestTypedActionReturnsItsResult(t *testing.T) {
	g := NewWithT(t)
	g.Expect(double.Run(t.Context(), 21)).To(Equal(42))
	g.Expect(double.Name()).To(Equal("double"))
}

// The kernel shows that name in ps(1), and cuts it to 15 bytes.
func TestAnActionIsCalledAsItsProgram(t *testing.T) {
	g := NewWithT(t)
	program, err := os.Executable()
	g.Expect(err).NotTo(HaveOccurred())
	name := filepath.Base(program)
	g.Expect(comm.Run(t.Context(), struct{}{})).To(Equal(name[:min(len(name), 15)]))
}

func TestValuesOf100MiBBothWays(t *testing.T) {
	g := NewWithT(t)
	size := 100 << 20
	if raceDetector() {
		size >>= 4 // a minute, otherwise
	}
	g.Expect(length.Run(t.Context(), make([]byte, size))).To(Equal(size))
	b, err := zeros.Run(t.Context(), size)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(b).To(HaveLen(size))
}

func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

func TestResultDoesNotMeetTheOutput(t *testing.T) {
	g := NewWithT(t)
	var out, errs bytes.Buffer
	const size = 1 << 20
	n, err := shout.Run(t.Context(), size, reexec.Stdout(&out), reexec.Stderr(&errs))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(n).To(Equal(2 * size))
	g.Expect(out.String()).To(Equal(strings.Repeat("o", size)))
	g.Expect(errs.String()).To(Equal(strings.Repeat("e", size)))
}

func TestStdinIsTheActions(t *testing.T) {
	g := NewWithT(t)
	g.Expect(slurp.Run(t.Context(), struct{}{}, reexec.Stdin(strings.NewReader("input")))).To(Equal("input"))
	g.Expect(slurp.Run(t.Context(), struct{}{})).To(BeEmpty())
}

func TestDirAndEnvironment(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	seen, err := look.Run(t.Context(), "REEXEC_TEST_VARIABLE",
		reexec.Dir(dir), reexec.Environment([]string{"REEXEC_TEST_VARIABLE=set"}))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(seen.Dir).To(Equal(dir))
	g.Expect(seen.Variable).To(Equal("set"))
	g.Expect(seen.Env).NotTo(ContainElement(HavePrefix("GONSO_")), "what the child was told must not reach grandchildren")
	g.Expect(seen.Env).NotTo(ContainElement(ContainSubstring("/proc/self")), "nor what is good for it alone")
}

func TestErrorKeepsTextAndErrno(t *testing.T) {
	for how, want := range map[string]struct {
		text string
		is   []error
		not  []error
	}{
		"plainly":            {"ours", nil, []error{errOurs, syscall.EPERM}},
		"with an errno":      {"mount /x: mount: operation not permitted", []error{syscall.EPERM, fs.ErrPermission}, []error{syscall.ENOENT}},
		"with a path error":  {"open /does/not/exist: no such file or directory", []error{syscall.ENOENT, fs.ErrNotExist}, nil},
		"joined":             {"ours\nno space left on device\nmore: too many open files\nunexpected EOF", []error{syscall.ENOSPC, syscall.EMFILE, io.ErrUnexpectedEOF}, []error{io.EOF}},
		"with an empty text": {"", nil, nil},
		"unsupported":        {"no: unsupported operation", []error{errors.ErrUnsupported}, nil},
		"closed":             {"file already closed", []error{fs.ErrClosed}, nil},
	} {
		t.Run(how, func(t *testing.T) {
			g := NewWithT(t)
			n, err := fail.Run(t.Context(), how)
			g.Expect(n).To(BeZero())
			var whole *reexec.Error
			var action *reexec.ActionError
			g.Expect(errors.As(err, &whole)).To(BeTrue())
			g.Expect(whole.Action).To(Equal("fail"))
			g.Expect(errors.As(err, &action)).To(BeTrue(), "%v", err)
			g.Expect(action.Text).To(Equal(want.text))
			g.Expect(err).To(MatchError("gonso: reexec fail: " + want.text))
			for _, is := range want.is {
				g.Expect(err).To(MatchError(is))
			}
			for _, not := range want.not {
				g.Expect(err).NotTo(MatchError(not))
			}
		})
	}
}

func TestValuesThatJSONCannotHold(t *testing.T) {
	g := NewWithT(t)
	var unsupported *json.UnsupportedTypeError
	_, err := unencodable.Run(t.Context(), 0)
	g.Expect(err).To(MatchError("gonso: reexec unencodable: result: json: unsupported type: chan int"))
	err = reexec.RunReexecAction("silent", reexec.Param(func() {}))
	g.Expect(errors.As(err, &unsupported)).To(BeTrue(), "%v", err)
}

func TestPanicComesWithTheStackOfTheChild(t *testing.T) {
	g := NewWithT(t)
	var errs bytes.Buffer
	_, err := end.Run(t.Context(), "panic", reexec.Stderr(&errs))
	var p *reexec.PanicError
	g.Expect(errors.As(err, &p)).To(BeTrue(), "%v", err)
	g.Expect(p.Value).To(Equal("assignment to entry in nil map"))
	g.Expect(p.Stack).To(ContainSubstring("actions_test.go:"))
	g.Expect(err).To(MatchError(HavePrefix("gonso: reexec end: panic: assignment to entry in nil map\n\ngoroutine 1 [running")))
	g.Expect(errs.String()).To(BeEmpty())

	_, err = end.Run(t.Context(), "panic with an error")
	g.Expect(err).To(MatchError(syscall.ENOSPC))
}

func TestPanicOfAnotherGoroutineArrivesToo(t *testing.T) {
	g := NewWithT(t)
	_, err := end.Run(t.Context(), "panic elsewhere", reexec.Stderr(nil))
	var p *reexec.PanicError
	g.Expect(errors.As(err, &p)).To(BeTrue(), "%v", err)
	g.Expect(p.Value).To(Equal("elsewhere"))
	g.Expect(p.Stack).To(ContainSubstring("explode"))
	var exit *exec.ExitError
	g.Expect(errors.As(err, &exit)).To(BeTrue())
	g.Expect(exit.ExitCode()).To(Equal(2))
}

func TestEndsWithoutAResult(t *testing.T) {
	for how, want := range map[string]string{
		"exit 0": "exit status 0",
		"exit 3": "exit status 3",
		"kill":   "signal: killed",
	} {
		t.Run(how, func(t *testing.T) {
			g := NewWithT(t)
			_, err := end.Run(t.Context(), how)
			g.Expect(err).To(MatchError(reexec.ErrNoResult))
			g.Expect(err).To(MatchError(HaveSuffix(want)))
			var exit *exec.ExitError
			g.Expect(errors.As(err, &exit)).To(Equal(how != "exit 0"))
		})
	}
}

func TestGoexitIsAnErrorOfItsOwn(t *testing.T) {
	_, err := end.Run(t.Context(), "goexit")
	NewWithT(t).Expect(err).To(MatchError(reexec.ErrGoexit))
}

// started runs wait and calls f with its process ID once it waits.
func started(ctx context.Context, obedient bool, f func(pid int)) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	go func() {
		var pid int
		if _, err := fmt.Fscanln(r, &pid); err == nil {
			f(pid)
		}
	}()
	_, err = wait.Run(ctx, obedient, reexec.Stdout(w))
	return errors.Join(err, w.Close())
}

func TestCancelledActionReturns(t *testing.T) {
	g := NewWithT(t)
	reason := errors.New("had enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	err := started(ctx, true, func(int) { cancel(reason) })
	g.Expect(err).To(MatchError(reason))
	var action *reexec.ActionError
	g.Expect(errors.As(err, &action)).To(BeTrue(), "the action should have returned: %v", err)
}

func TestCancelledActionThatGoesOnIsEnded(t *testing.T) {
	g := NewWithT(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := started(ctx, false, func(int) { cancel() })
	g.Expect(err).To(MatchError(context.Canceled))
	g.Expect(err).To(MatchError(reexec.ErrTerminated))
}

func TestStoppedActionIsKilled(t *testing.T) {
	g := NewWithT(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := started(ctx, true, func(pid int) {
		// A stopped process does not get to see SIGTERM.
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Error(err)
		}
		cancel()
	})
	g.Expect(err).To(MatchError(context.Canceled))
	g.Expect(err).To(MatchError(HaveSuffix("signal: killed")))
}

func TestDeadlineOfARegisteredAction(t *testing.T) {
	g := NewWithT(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := reexec.RunReexecAction("stay", reexec.Context(ctx), reexec.Stdout(nil))
	g.Expect(err).To(MatchError(context.DeadlineExceeded))
}

func TestEndedContextStartsNothing(t *testing.T) {
	g := NewWithT(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := double.Run(ctx, 1)
	g.Expect(err).To(MatchError("gonso: reexec double: context canceled"))
}

func TestGrandchildWithThePipesDoesNotHangTheRun(t *testing.T) {
	g := NewWithT(t)
	r, w, err := os.Pipe()
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = r.Close(); _ = w.Close() }()
	var out, errs bytes.Buffer
	pid, err := leave.Run(t.Context(), struct{}{}, reexec.Stdin(r), reexec.Stdout(&out), reexec.Stderr(&errs))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(syscall.Kill(pid, 0)).To(Succeed(), "the process that was left behind should still be there")
	g.Expect(syscall.Kill(pid, syscall.SIGKILL)).To(Succeed())
}

func TestUnregisteredName(t *testing.T) {
	g := NewWithT(t)
	err := reexec.RunReexecAction("nobody")
	g.Expect(err).To(MatchError(reexec.ErrUnregistered))
	g.Expect(err).To(MatchError(HavePrefix("gonso: reexec nobody: no such action is registered")))
}

// An action that the parent registers later on is not known to the child.
func TestActionRegisteredTooLate(t *testing.T) {
	// Of a name that no earlier run of the test has registered (-count).
	late := reexec.Func(t.TempDir(), func(context.Context, int) (int, error) { return 0, nil })
	_, err := late.Run(t.Context(), 0)
	NewWithT(t).Expect(err).To(MatchError(reexec.ErrUnregistered))
}

func TestRegisteringTwicePanics(t *testing.T) {
	g := NewWithT(t)
	text := MatchRegexp(`^gonso: reexec: action "double" is registered twice: at .*actions_test.go:\d+ and at .*run_test.go:\d+$`)
	g.Expect(func() { reexec.Register("double", func() {}) }).To(PanicWith(text))
	g.Expect(func() {
		reexec.Func("double", func(context.Context, int) (int, error) { return 0, nil })
	}).To(PanicWith(text))
}

func TestProgramThatForgetsCheckAction(t *testing.T) {
	for how, want := range map[string]string{
		"runs its tests":     "the process ended without it: exit status 0",
		"runs actions first": "first thing in main or TestMain",
		"exits":              "the process ended without it: exit status 7",
	} {
		t.Run(how, func(t *testing.T) {
			g := NewWithT(t)
			var out, errs bytes.Buffer
			_, err := double.Run(t.Context(), 1, reexec.Environment([]string{misbehave + "=" + how}),
				reexec.Stdout(&out), reexec.Stderr(&errs))
			g.Expect(err).To(MatchError(reexec.ErrNoCheckAction))
			g.Expect(err).To(MatchError(HaveSuffix(want)))
			g.Expect(out.String()+errs.String()).NotTo(ContainSubstring("---"), "no test should have run")
			g.Expect(errs.String()).NotTo(ContainSubstring("not reached"))
		})
	}
}

func TestProgramThatNeverGetsToCheckActionIsKilled(t *testing.T) {
	g := NewWithT(t)
	reexec.SetReadyWithin(t, 200*time.Millisecond)
	_, err := double.Run(t.Context(), 1, reexec.Environment([]string{misbehave + "=hangs"}))
	g.Expect(err).To(MatchError(reexec.ErrNoCheckAction))
	g.Expect(err).To(MatchError(HaveSuffix("the process had not after 200ms")))
}

// What somebody has killed may well call CheckAction.
func TestProcessThatIsKilledBeforeCheckAction(t *testing.T) {
	g := NewWithT(t)
	_, err := double.Run(t.Context(), 1, reexec.Environment([]string{misbehave + "=kills itself"}))
	g.Expect(err).NotTo(MatchError(reexec.ErrNoCheckAction))
	g.Expect(err).To(MatchError(reexec.ErrNoResult))
	g.Expect(err).To(MatchError(HaveSuffix("before it got to reexec.CheckAction: signal: killed")))
}

// Neither of these may start anything: what it started would do the same.
func TestNothingIsStartedWithoutCheckAction(t *testing.T) {
	for name, c := range map[string]struct{ env, want string }{
		"never called":      {"", reexec.ErrNoCheckAction.Error()},
		"forged invitation": {"GONSO_REEXEC=999", "the environment claims that this process was re-executed: GONSO_REEXEC=999: recvfrom: bad file descriptor"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			cmd := exec.Command("/proc/self/exe")
			cmd.Env = append(cmd.Environ(), misbehave+"=never checks", c.env)
			out, err := cmd.Output()
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(out)).To(Equal("gonso: reexec double: " + c.want))
		})
	}
}

func TestReexecInsideAReexec(t *testing.T) {
	g := NewWithT(t)
	_, err := nest.Run(t.Context(), nesting{Deeper: 1})
	g.Expect(err).To(MatchError(HaveSuffix(reexec.ErrNested.Error())))
	g.Expect(err).To(MatchError(reexec.ErrNested))
	g.Expect(nest.Run(t.Context(), nesting{Deeper: 3, Allowed: true})).To(Equal(4))
}

func TestParallelRuns(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if n, err := double.Run(t.Context(), i); err != nil || n != 2*i {
				t.Errorf("double %d: %d, %v", i, n, err)
			}
		})
	}
	wg.Wait()
}

func TestValuesOfTheOtherAPIAreRefused(t *testing.T) {
	g := NewWithT(t)
	var n int
	_, err := double.Run(t.Context(), 1, reexec.Result(&n))
	g.Expect(err).To(MatchError(ContainSubstring("are for RunReexecAction")))
	err = reexec.RunReexecAction("forty-two", reexec.Result(&n), reexec.Stdout(io.Discard))
	g.Expect(err).To(MatchError(ContainSubstring("exclude each other")))
	err = reexec.RunReexecAction("forty-two", reexec.Param(n), reexec.Stdin(os.Stdin))
	g.Expect(err).To(MatchError(ContainSubstring("exclude each other")))
}

func TestOutputThatCannotBeWrittenIsAnError(t *testing.T) {
	g := NewWithT(t)
	_, err := shout.Run(t.Context(), 10, reexec.Stdout(broken{}), reexec.Stderr(nil))
	g.Expect(err).To(MatchError(errOurs))
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errOurs }
