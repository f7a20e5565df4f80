// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"bytes"
	"cmp"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/tempdir"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"go.uber.org/goleak"
)

const interrupts = "github.com/onsi/ginkgo/v2/internal/interrupt_handler.(*InterruptHandler).registerForInterrupts."

func TestMain(m *testing.M) {
	tests := nstest.RunFunc(func() int { return tempdir.Run(m.Run) })
	goleak.VerifyTestMain(&nstest.M{M: tests},
		// Ginkgo never stops to listen for signals and, in parallel processes, to ask whether
		// another one has aborted the run.
		goleak.IgnoreAnyFunction(interrupts+"func1"), goleak.IgnoreAnyFunction(interrupts+"func2"))
}

// suites are the test binaries of testdata, each built once.
var (
	rootlessSuite = sync.OnceValues(func() (string, error) { return build("rootless") })
	specsSuite    = sync.OnceValues(func() (string, error) { return build("specs") })
)

// suitesVar names a folder of suites that are built already, for a machine on which
// that takes long. What it lacks is built into it.
const suitesVar = "NSTEST_SUITES"

func build(name string) (string, error) {
	source := "./testdata/" + name
	return buildAs(name+".test", source, "test", "-c", "-vet=off", "-cover", "-coverpkg="+source)
}

// buildAs builds a file by the go command with the arguments.
func buildAs(name, source string, args ...string) (_ string, err error) {
	path := filepath.Join(cmp.Or(os.Getenv(suitesVar), tempdir.Shared()), name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if raceDetected() {
		args = append(args, "-race")
	}
	args = append(args, "-o", path, source)
	out, err := exec.Command("go", args...).CombinedOutput()
	if err != nil {
		return "", errors.Join(err, errors.New(string(out)))
	}
	return path, nil
}

func TestSuitesAreBuilt(t *testing.T) {
	for _, suite := range []func() (string, error){rootlessSuite, specsSuite, inProcessSuite, reportSuite, forgottenSuite, networkSuite, daemonProgram, keepSuite, gonsoProgram} {
		path, err := suite()
		if err != nil {
			t.Fatal(err)
		}
		NewWithT(t).Expect(path).To(BeAnExistingFile())
	}
}

// raceDetected reports whether this program was built with -race.
func raceDetected() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// rootless makes the command that runs one test of the suite in testdata/rootless
// in a user namespace, whoever this process is.
func rootless(t *testing.T, test string, args ...string) *exec.Cmd {
	return suite(t, rootlessSuite, append([]string{"-test.run=^" + test + "$"}, args...)...)
}

func suite(t *testing.T, built func() (string, error), args ...string) *exec.Cmd {
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append(args, "-test.gocoverdir="+t.TempDir())...)
	cmd.Env = append(os.Environ(), "NSTEST_ROOTLESS=force", "NSTEST_STRICT=1", "TMPDIR="+t.TempDir())
	cmd.Dir = t.TempDir()
	return cmd
}

// run returns all output and the exit code.
func run(t *testing.T, cmd *exec.Cmd) (string, int) {
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestRootlessRunLooksLikeAnyOther(t *testing.T) {
	for _, c := range []struct {
		test, output string
		code         int
		args         []string
	}{
		{test: "TestPass", output: `suite_test.go:\d+: covered 0`, args: []string{"-test.v"}},
		{test: "TestPass", output: "--- PASS: TestPass", args: []string{"-test.v=test2json"}},
		{test: "TestBubble", output: "PASS", args: []string{"-test.timeout=60s"}},
		{test: "TestLeakCheckers", output: "PASS"},
		{test: "TestFail", output: `suite_test.go:\d+: on purpose`, code: 1},
		{test: "TestExit", code: 7},
		{test: "TestRun", output: "PASS"},
		{test: "TestEnvironment", output: "PASS"},
		{test: "TestHang", output: "panic: test timed out after 100ms", code: 2, args: []string{"-test.timeout=100ms"}},
	} {
		t.Run(c.test, func(t *testing.T) {
			g := NewWithT(t)
			out, code := run(t, rootless(t, c.test, c.args...))
			g.Expect(out).To(MatchRegexp(c.output))
			g.Expect(code).To(Equal(c.code), out)
		})
	}
	NewWithT(t).Expect("/run/netns/gonso-test").NotTo(BeAnExistingFile())
}

func TestRootlessRunWritesProfilesAndReadsStandardInput(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	cmd := rootless(t, "TestInput", "-test.cpuprofile="+dir+"/cpu", "-test.trace="+dir+"/trace", "-test.count=1", "-test.shuffle=on")
	cmd.Stdin = strings.NewReader("what was typed")
	out, code := run(t, cmd)
	g.Expect(code).To(BeZero(), out)
	g.Expect(out).To(ContainSubstring(`read "what was typed"`))
	for _, name := range []string{"cpu", "trace"} {
		info, err := os.Stat(filepath.Join(dir, name))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(info.Size()).NotTo(BeZero(), name)
	}
}

func TestRootlessRunHasTheCallersSubordinateIDs(t *testing.T) {
	g := NewWithT(t)
	want := "chown: <nil>"
	if s, err := set.Unshare(set.NS_USER, set.WithSubIDs()); err != nil {
		want = "chown: .*invalid argument" // an ID that is not mapped (chown(2))
	} else {
		g.Expect(s.Close()).To(Succeed())
	}
	out, code := run(t, rootless(t, "TestOwner", "-test.v"))
	g.Expect(code).To(BeZero(), out)
	g.Expect(out).To(MatchRegexp(want))
}

func TestRootlessRunWritesItsCoverage(t *testing.T) {
	g := NewWithT(t)
	profile := filepath.Join(t.TempDir(), "c.out")
	out, code := run(t, rootless(t, "TestPass", "-test.coverprofile="+profile))
	g.Expect(code).To(BeZero(), out)
	g.Expect(out).NotTo(ContainSubstring("warning"))
	g.Expect(out).To(ContainSubstring("coverage: 100.0% of statements"))
	g.Expect(profile).To(BeAnExistingFile())
}

func TestUnknownRootlessModeIsAnError(t *testing.T) {
	g := NewWithT(t)
	cmd := rootless(t, "TestPass")
	cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS=yes")
	out, code := run(t, cmd)
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring(`NSTEST_ROOTLESS="yes": "yes" is none of auto, off, force, net, host`))
}

// A breakpoint in a test would never be reached, and nobody would know why.
func TestADebuggerIsToldOfTheChild(t *testing.T) {
	g := NewWithT(t)
	cmd := rootless(t, "TestPass")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	runtime.LockOSThread() // the thread that starts it is the debugger
	defer runtime.UnlockOSThread()
	g.Expect(cmd.Start()).To(Succeed())
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(cmd.Process.Pid, &status, 0, nil)
		g.Expect(err).NotTo(HaveOccurred())
		if !status.Stopped() {
			g.Expect(status.ExitStatus()).To(BeZero())
			break
		}
		s := status.StopSignal()
		if s == syscall.SIGTRAP { // it has executed its program
			s = 0
		}
		g.Expect(syscall.PtraceCont(cmd.Process.Pid, int(s))).To(Succeed())
	}
	g.Expect(cmd.Wait()).Error().To(MatchError(syscall.ECHILD)) // for the end of the output
	g.Expect(stderr.String()).To(ContainSubstring("try: gonso exec -- dlv test"))
	out, _ := run(t, rootless(t, "TestPass"))
	g.Expect(out).NotTo(ContainSubstring("debugger"))
}
