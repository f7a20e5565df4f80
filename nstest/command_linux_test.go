// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

func TestCommandRunsInTheFixture(t *testing.T) {
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_UTS)
	out, err := ns.Command("readlink", "/proc/self/ns/uts").Output()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(out)).To(Equal(ns.ID(set.NS_UTS) + "\n"))

	_, err = ns.Command("sh", "-c", "echo complaint >&2; exit 3").Output()
	var exit *exec.ExitError
	g.Expect(errors.As(err, &exit)).To(BeTrue())
	g.Expect(string(exit.Stderr)).To(Equal("complaint\n"))
	out, err = ns.Command("sh", "-c", "echo out; echo complaint >&2").CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(out)).To(Equal("out\ncomplaint\n"))
}

// A command that was not started leaves nothing of its pipes.
func TestPipesOfACommandEndWithTheTest(t *testing.T) {
	g := NewWithT(t)
	var out *os.File
	t.Run("inner", func(t *testing.T) {
		pipe, err := nstest.New(t, set.NS_NET).Command("true").StdoutPipe()
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		out = pipe.(*os.File)
	})
	g.Expect(out.Close()).To(MatchError(os.ErrClosed))
}

// A process that is left fails the test; a command is none.
func TestCommandEndsWithTheTest(t *testing.T) {
	var forgotten, awaited *set.Cmd
	t.Run("inner", func(t *testing.T) {
		g := NewWithT(t)
		ns := nstest.New(t, set.NS_NET|set.NS_PID)
		ns.Command("sleep", "1000") // is not started
		forgotten, awaited = ns.Command("sleep", "1000"), ns.Command("sleep", "1000")
		g.Expect(forgotten.Start()).To(Succeed())
		g.Expect(awaited.Start()).To(Succeed())
		t.Cleanup(func() { // as with the context of the test
			ended := make(chan error, 1)
			go func() { ended <- awaited.Wait() }()
			g.Eventually(ended, "10s").Should(Receive(MatchError(ContainSubstring("killed"))))
		})
	})
	g := NewWithT(t)
	for _, cmd := range []*set.Cmd{forgotten, awaited} {
		g.Expect(cmd.ProcessState).NotTo(BeNil())
		g.Expect(cmd.ProcessState.String()).To(Equal("signal: killed"))
	}
}
