// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	code := (&nstest.M{M: m}).Run()
	if err := os.RemoveAll(suiteDir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// suiteDir is what TestMain removes.
var suiteDir string

// suites are the test binaries of testdata, each built once.
var (
	rootlessSuite = sync.OnceValues(func() (string, error) { return build("rootless") })
	specsSuite    = sync.OnceValues(func() (string, error) { return build("specs") })
)

func build(name string) (_ string, err error) {
	if suiteDir == "" {
		if suiteDir, err = os.MkdirTemp("", "gonso-suite-"); err != nil {
			return "", err
		}
	}
	path, source := filepath.Join(suiteDir, name+".test"), "./testdata/"+name
	out, err := exec.Command("go", "test", "-c", "-cover", "-coverpkg="+source, "-o", path, source).CombinedOutput()
	if err != nil {
		return "", errors.Join(err, errors.New(string(out)))
	}
	return path, nil
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
	cmd.Env = append(os.Environ(), "NSTEST_ROOTLESS=force", "NSTEST_STRICT=1")
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

// hanging starts a test that never ends by itself and waits until it is there. It
// returns what it goes on to print, and the process in which it runs.
func hanging(t *testing.T, test string) (cmd *exec.Cmd, output io.Reader, child int) {
	cmd = rootless(t, test)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	// Like a process that a CI runner starts: with no terminal.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // if the test failed before it ended
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	text, ok := strings.CutPrefix(strings.TrimSpace(line), "hanging pid=")
	if err != nil || !ok {
		t.Fatalf("the suite says %q (%v): %s", line, err, &stderr)
	}
	if child, err = strconv.Atoi(text); err != nil {
		t.Fatal(err)
	}
	return cmd, lines, child
}

func TestKillingARootlessRunLeavesNothing(t *testing.T) {
	g := NewWithT(t)
	cmd, output, child := hanging(t, "TestHang")
	pidfd, err := unix.PidfdOpen(child, 0)
	g.Expect(err).NotTo(HaveOccurred())
	defer unix.Close(pidfd) // nothing was written
	g.Expect(cmd.Process.Kill()).To(Succeed())
	g.Expect(io.Copy(io.Discard, output)).Error().NotTo(HaveOccurred()) // until the child's end is closed
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, 5000)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(n).To(Equal(1), "the child still runs")
	g.Expect(cmd.Wait()).NotTo(Succeed())
}

func TestSignalsReachARootlessRun(t *testing.T) {
	g := NewWithT(t)
	cmd, output, _ := hanging(t, "TestSignal")
	g.Expect(cmd.Process.Signal(syscall.SIGUSR1)).To(Succeed())
	out, err := io.ReadAll(output)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(out)).To(ContainSubstring("got user defined signal 1"))
	g.Expect(cmd.Wait()).To(Succeed())
}

func TestASignalThatEndsARootlessRunShows(t *testing.T) {
	g := NewWithT(t)
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd, output, _ := hanging(t, "TestHang")
		g.Expect(cmd.Process.Signal(s)).To(Succeed())
		g.Expect(io.Copy(io.Discard, output)).Error().NotTo(HaveOccurred())
		g.Expect(cmd.Wait()).NotTo(Succeed())
		status := cmd.ProcessState.Sys().(syscall.WaitStatus)
		g.Expect(status.Signaled() && status.Signal() == s).To(BeTrue(), cmd.ProcessState.String())
	}
}

func TestSIGQUITDumpsTheStacksOfARootlessRun(t *testing.T) {
	g := NewWithT(t)
	cmd, output, _ := hanging(t, "TestHang")
	g.Expect(cmd.Process.Signal(syscall.SIGQUIT)).To(Succeed())
	g.Expect(io.Copy(io.Discard, output)).Error().NotTo(HaveOccurred())
	g.Expect(cmd.Wait()).NotTo(Succeed())
	g.Expect(cmd.ProcessState.ExitCode()).To(Equal(2))
	g.Expect(cmd.Stderr.(*bytes.Buffer).String()).To(ContainSubstring("rootless.TestHang"))
}

func TestUnknownRootlessModeIsAnError(t *testing.T) {
	g := NewWithT(t)
	cmd := rootless(t, "TestPass")
	cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS=yes")
	out, code := run(t, cmd)
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring(`NSTEST_ROOTLESS="yes" is none of auto, off, force`))
}
