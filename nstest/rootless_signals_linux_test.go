// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"golang.org/x/sys/unix"
)

// hanging starts a test that never ends by itself, like a process that a CI runner
// starts: with no terminal. It returns what the test goes on to print, and the process
// in which it runs.
func hanging(t *testing.T, test string) (cmd *exec.Cmd, output *bufio.Reader, child int) {
	cmd = rootless(t, test)
	output, child = startHanging(t, cmd)
	return cmd, output, child
}

// startHanging does so with a command for such a test.
func startHanging(t *testing.T, cmd *exec.Cmd) (output *bufio.Reader, child int) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	output = bufio.NewReader(stdout)
	return output, start(t, cmd, output)
}

// atTerminal starts a command for such a test in the foreground of a new terminal, and
// returns the end at which a person types and reads.
func atTerminal(t *testing.T, cmd *exec.Cmd) (keyboard io.Writer, screen *bufio.Reader, child int) {
	user, program, err := sys.OpenTerminal()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { NewWithT(t).Expect(errors.Join(user.Close(), program.Close())).To(Succeed()) })
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	screen = bufio.NewReader(user)
	return user, screen, start(t, cmd, screen)
}

// start starts a test and waits until it says in which process it runs.
func start(t *testing.T, cmd *exec.Cmd, output *bufio.Reader) (child int) {
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // if the test failed before it ended
	line, err := output.ReadString('\n')
	text, ok := strings.CutPrefix(strings.TrimSpace(line), "hanging pid=")
	if err != nil || !ok {
		t.Fatalf("the suite says %q (%v): %v", line, err, cmd.Stderr)
	}
	if child, err = strconv.Atoi(text); err != nil {
		t.Fatal(err)
	}
	return child
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

// Nobody is left to pass signals on to.
func TestASignalAfterARootlessRunIsTestMains(t *testing.T) {
	g := NewWithT(t)
	cmd := rootless(t, "TestPass")
	cmd.Env = append(cmd.Env, "SUITE_MAIN=M that goes on")
	stdin, err := cmd.StdinPipe()
	g.Expect(err).NotTo(HaveOccurred())
	stdout, err := cmd.StdoutPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cmd.Start()).To(Succeed())
	for lines := bufio.NewScanner(stdout); lines.Scan() && lines.Text() != "goes on in the parent"; {
	}
	g.Expect(cmd.Process.Signal(syscall.SIGTERM)).To(Succeed())
	defer time.AfterFunc(30*time.Second, func() { _ = stdin.Close() }).Stop() // it has not ended then
	g.Expect(cmd.Wait()).NotTo(Succeed())
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	g.Expect(status.Signaled() && status.Signal() == syscall.SIGTERM).To(BeTrue(), cmd.ProcessState.String())
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

// changed waits until the process is stopped or continued, and returns how. One to
// which nothing happens is killed.
func changed(t *testing.T, cmd *exec.Cmd) (status syscall.WaitStatus) {
	t.Helper()
	defer time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() }).Stop() // it fails only if it has ended
	if _, err := syscall.Wait4(cmd.Process.Pid, &status, unix.WUNTRACED|unix.WCONTINUED, nil); err != nil {
		t.Fatal(err)
	}
	return status
}

func TestAStoppedChildStopsARootlessRun(t *testing.T) {
	g := NewWithT(t)
	cmd, _, child := hanging(t, "TestHang")
	for _, continued := range []int{child, cmd.Process.Pid} {
		g.Expect(syscall.Kill(child, unix.SIGSTOP)).To(Succeed())
		g.Expect(changed(t, cmd).Stopped()).To(BeTrue())
		g.Expect(syscall.Kill(continued, unix.SIGCONT)).To(Succeed())
		g.Expect(changed(t, cmd).Continued()).To(BeTrue())
	}
	g.Expect(cmd.Process.Signal(unix.SIGTERM)).To(Succeed())
	g.Expect(cmd.Wait()).NotTo(Succeed())
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	g.Expect(status.Signal()).To(Equal(unix.SIGTERM), "which a stopped child does not end by")
}

// The terminal sends what the keyboard stands for to parent and child. A parent that
// passed it on would make two of one, and Ginkgo takes a second ^C for impatience.
func TestKeysReachARootlessRunOnce(t *testing.T) {
	g := NewWithT(t)
	cmd := rootless(t, "TestTerminal")
	keyboard, screen, _ := atTerminal(t, cmd)
	// What the parent passed on could reach the child together with the terminal's,
	// and the two be one. So the parent gets its own later.
	g.Expect(cmd.Process.Signal(unix.SIGSTOP)).To(Succeed())
	g.Expect(changed(t, cmd).Stopped()).To(BeTrue())
	for key, s := range map[string]os.Signal{"\x03": unix.SIGINT, "\x1c": unix.SIGQUIT} {
		g.Expect(io.WriteString(keyboard, key)).Error().NotTo(HaveOccurred())
		g.Expect(screen.ReadString('\n')).To(HaveSuffix("got " + s.String() + "\r\n"))
	}
	g.Expect(cmd.Process.Signal(unix.SIGCONT)).To(Succeed())
	g.Expect(changed(t, cmd).Continued()).To(BeTrue())
	g.Expect(cmd.Process.Signal(unix.SIGTERM)).To(Succeed())
	g.Expect(screen.ReadString('\n')).To(Equal("got " + unix.SIGTERM.String() + "\r\n"))
	g.Expect(cmd.Wait()).To(Succeed())
}

// What ^Z stops, the shell continues.
func TestARootlessRunIsAJobLikeAnyOther(t *testing.T) {
	g := NewWithT(t)
	suite := rootless(t, "TestTerminal")
	// With -m the shell gives each command a process group, as if somebody typed.
	shell := exec.Command("sh", append([]string{"-mc", `"$0" "$@"; echo stopped; fg >/dev/null`}, suite.Args...)...)
	shell.Env, shell.Dir = suite.Env, suite.Dir
	keyboard, screen, child := atTerminal(t, shell)
	g.Expect(io.WriteString(keyboard, "\x1a")).Error().NotTo(HaveOccurred())
	g.Expect(screen.ReadString('\n')).To(HaveSuffix("stopped\r\n"))
	g.Expect(syscall.Kill(child, unix.SIGTERM)).To(Succeed()) // which no stopped process sees
	g.Expect(screen.ReadString('\n')).To(Equal("got " + unix.SIGTERM.String() + "\r\n"))
	g.Expect(shell.Wait()).To(Succeed())
}
