// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/selfexec"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/set"
)

func init() { selfexec.Register("release", releaseOneOfTwo) }

// releaseOneOfTwo starts two commands, gives up the first, prints their numbers, and stays.
func releaseOneOfTwo() error {
	s, err := set.Current(set.NS_UTS)
	if err != nil {
		return err
	}
	var log bytes.Buffer // so that there are pipes
	for _, keep := range []bool{true, false} {
		cmd := s.Command(context.Background(), "sleep", "infinity")
		cmd.Releasable, cmd.Log = true, &log
		if err := cmd.Start(); err != nil {
			return err
		}
		if keep {
			if err := cmd.Release(); err != nil {
				return err
			}
		}
		fmt.Println(cmd.Process.Pid)
	}
	fmt.Println("done")
	_, err = os.Stdin.Read(make([]byte, 1))
	return err
}

func TestReleasedCommandOutlivesThisProcess(t *testing.T) {
	g := NewWithT(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = selfexec.Env("release")
	cmd.Stderr = os.Stderr
	_, err := cmd.StdinPipe()
	noError(t, err)
	out, err := cmd.StdoutPipe()
	noError(t, err)
	noError(t, cmd.Start())
	var pids [2]int
	lines := bufio.NewReader(out)
	for i := range pids {
		_, err := fmt.Fscanln(lines, &pids[i])
		noError(t, err)
	}
	ends := make([]*sys.FD, len(pids))
	for i, pid := range pids {
		ends[i], err = sys.OpenProcess(pid)
		noError(t, err)
	}
	defer func() {
		noError(t, ends[0].Close())
		process, err := os.FindProcess(pids[0])
		noError(t, err)
		noError(t, process.Kill())
	}()
	noError(t, cmd.Process.Kill())
	_ = cmd.Wait() // which fails, since it was killed
	noError(t, sys.AwaitAnyEnd(10*time.Second, ends[1]))
	g.Expect(lives(pids[1])).To(BeFalse(), "one that was not given up")
	g.Expect(lives(pids[0])).To(BeTrue(), "one that was given up")
}

// lives reports whether there is such a process, which is no zombie.
func lives(pid int) bool {
	p, err := procfs.ReadProcess(procfs.Root, pid, func(procfs.Stat) bool { return true })
	return err == nil && !strings.ContainsRune("ZX", rune(p.State))
}

func TestReleaseIsTheLastCall(t *testing.T) {
	g := NewWithT(t)
	var log bytes.Buffer
	s := unshare(t, set.NS_UTS)
	cmd := s.Command(t.Context(), "sleep", "infinity")
	cmd.Releasable, cmd.Log = true, &log
	g.Expect(cmd.Release()).To(MatchError("gonso: command not started"))
	noError(t, cmd.Start())
	noError(t, cmd.Release())
	pid := cmd.Process.Pid // which must stay what it is
	g.Expect(cmd.Release()).To(MatchError("gonso: Wait was already called"))
	g.Expect(cmd.Wait()).To(MatchError("gonso: Wait was already called"))
	g.Expect(lives(pid)).To(BeTrue())
	process, err := os.FindProcess(pid) // still a child of this process
	noError(t, err)
	noError(t, process.Kill())
	_, err = process.Wait()
	noError(t, err)

	plain := s.Command(t.Context(), "true")
	noError(t, plain.Start())
	g.Expect(plain.Release()).To(MatchError(ContainSubstring("not Releasable")))
	noError(t, plain.Wait())
}

// A guard that goes with each command must leave nothing, whichever way that ends.
func TestReleasableCommandIsLikeAnyOther(t *testing.T) {
	g := NewWithT(t)
	s := unshare(t, set.NS_USER|set.NS_PID, set.WithRootMapped())
	cmd := s.Command(t.Context(), "sh", "-c", "echo out; exit 3")
	cmd.Releasable = true
	out, err := cmd.Output()
	var exit *exec.ExitError
	g.Expect(errors.As(err, &exit)).To(BeTrue(), "%v", err)
	g.Expect(exit.ExitCode()).To(Equal(3))
	g.Expect(string(out)).To(Equal("out\n"))
	missing := s.Command(t.Context(), "/nowhere")
	missing.Releasable = true
	g.Expect(missing.Run()).To(MatchError(os.ErrNotExist))
	children, err := procfs.Children(procfs.Root, os.Getpid())
	noError(t, err)
	for _, child := range children {
		g.Expect(child.Comm).NotTo(Equal("gonso-guard"))
	}
}
