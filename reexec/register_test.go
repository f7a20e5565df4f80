// SPDX-License-Identifier: Apache-2.0

//go:build linux

package reexec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/reexec"
)

func TestRegisteredActionPrintsItsResult(t *testing.T) {
	g := NewWithT(t)
	var answer int
	g.Expect(reexec.RunReexecAction("forty-two", reexec.Result(&answer))).To(Succeed())
	g.Expect(answer).To(Equal(42))
}

// gons: an action without Result always failed.
func TestGonsNoResultIsNoError(t *testing.T) {
	g := NewWithT(t)
	g.Expect(reexec.RunReexecAction("silent")).To(Succeed())
	g.Expect(reexec.RunReexecAction("exit")).To(Succeed())
}

// gons: standard input was closed only after the result had come.
func TestGonsStdinEndsAfterTheParameter(t *testing.T) {
	g := NewWithT(t)
	var reversed string
	g.Expect(reexec.RunReexecAction("reverse", reexec.Param("abc"), reexec.Result(&reversed))).To(Succeed())
	g.Expect(reversed).To(Equal(`"ABC"`))
}

// gons: one byte on standard error made a failure of everything.
func TestGonsStderrIsNoFailure(t *testing.T) {
	g := NewWithT(t)
	var verdict string
	var errs bytes.Buffer
	g.Expect(reexec.RunReexecAction("grumble", reexec.Result(&verdict), reexec.Stderr(&errs))).To(Succeed())
	g.Expect(verdict).To(Equal("fine"))
	g.Expect(errs.String()).To(Equal("hm\n"))
}

// gons: a panic became a line of text without a stack.
func TestGonsPanicKeepsItsStack(t *testing.T) {
	g := NewWithT(t)
	err := reexec.RunReexecAction("burst")
	var p *reexec.PanicError
	g.Expect(errors.As(err, &p)).To(BeTrue(), "%v", err)
	g.Expect(p.Value).To(Equal("burst"))
	g.Expect(p.Stack).To(ContainSubstring("actions_test.go:"))
}

// gons: parallel runs appended to one slice without a lock.
func TestGonsParallelRuns(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var answer int
			if err := reexec.RunReexecAction("forty-two", reexec.Result(&answer)); err != nil || answer != 42 {
				t.Errorf("%d, %v", answer, err)
			}
		})
	}
	wg.Wait()
}

// gons: a child that ended badly after its output was taken for a success.
func TestGonsExitStatusCounts(t *testing.T) {
	g := NewWithT(t)
	err := reexec.RunReexecAction("exit 4")
	var exit *exec.ExitError
	g.Expect(errors.As(err, &exit)).To(BeTrue(), "%v", err)
	g.Expect(exit.ExitCode()).To(Equal(4))
}

func TestOutputThatIsNotJSON(t *testing.T) {
	for _, name := range []string{"prose", "silent", "trailer"} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var answer int
			err := reexec.RunReexecAction(name, reexec.Result(&answer))
			g.Expect(err).To(MatchError(reexec.ErrResult))
			var syntax *json.SyntaxError
			g.Expect(errors.As(err, &syntax)).To(BeTrue())
			if name == "prose" {
				g.Expect(err).To(MatchError(HaveSuffix(`in "the answer is 42\n"`)))
			}
		})
	}
}

func TestOutputOfAnotherType(t *testing.T) {
	var words []string
	err := reexec.RunReexecAction("forty-two", reexec.Result(&words))
	NewWithT(t).Expect(err).To(MatchError(reexec.ErrResult))
}

// The end of the parent is seen by whoever reads the output that the child holds.
func TestChildDiesWithItsParent(t *testing.T) {
	g := NewWithT(t)
	parent := exec.Command("/proc/self/exe")
	parent.Env = append(parent.Environ(), misbehave+"=is killed", "TMPDIR="+t.TempDir())
	var errs strings.Builder
	parent.Stderr = &errs
	out, err := parent.StdoutPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(parent.Start()).To(Succeed())

	line := make([]byte, 32)
	_, err = out.Read(line) // the child waits from here on
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(parent.Process.Kill()).To(Succeed())
	g.Expect(out.(*os.File).SetReadDeadline(time.Now().Add(20 * time.Second))).To(Succeed())
	var rest bytes.Buffer
	_, err = rest.ReadFrom(out)
	g.Expect(err).NotTo(HaveOccurred(), "the child outlives its parent")
	g.Expect(parent.Wait()).To(MatchError("signal: killed"))
	g.Expect(errs.String()).To(BeEmpty())
}
