// SPDX-License-Identifier: Apache-2.0

package forkexec_test

import (
	"fmt"
	"os"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"golang.org/x/sys/unix"
)

// A program that is given no descriptor gets none of this process's, not even by its
// number.
func TestStartClosesWhatIsNotGiven(t *testing.T) {
	g := NewWithT(t)
	out := t.TempDir() + "/out"
	const script = `exec 9>"$0"; (readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 || echo none) >&9`
	p, err := forkexec.Start(t.Context(), []string{"/bin/sh"}, []string{"sh", "-c", script, out}, &forkexec.Attr{Env: os.Environ()})
	g.Expect(err).NotTo(HaveOccurred())
	state, err := p.Wait()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(state.ExitCode()).To(BeZero())
	g.Expect(os.ReadFile(out)).To(BeEquivalentTo("none\n"))
}

// The init of a pid namespace stays for long. In the folder where this process happened
// to be, it would keep what is mounted there.
func TestHoldKeepsNoFolder(t *testing.T) {
	g := NewWithT(t)
	t.Chdir(t.TempDir())
	_, h := hold(t, nil, unix.CLONE_NEWPID)
	defer h.Close()
	g.Expect(os.Readlink(fmt.Sprintf("/proc/%d/cwd", h.PID()))).To(Equal("/"))
}

// execve shows a process to those who are root inside before it closes what is close-on-exec, and a
// folder leads to all of this machine. What the program is to inherit stays.
func TestNothingIsLeftForExecToCloseInAUserNamespace(t *testing.T) {
	g := NewWithT(t)
	mine := file(t)
	dup, err := unix.Dup(int(mine))
	g.Expect(err).NotTo(HaveOccurred())
	defer unix.Close(dup)
	joins := fresh(t, unix.CLONE_NEWUSER)
	closed, err := forkexec.ClosedBeforeExec(&forkexec.Attr{Joins: joins}, mine, uintptr(joins[0].FD), uintptr(dup), 900)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(closed).To(ConsistOf(mine, uintptr(joins[0].FD)))
}
