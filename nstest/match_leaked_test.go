// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// moveGoroutine has a goroutine sit in the Set until the returned function is called, and
// tells which thread it sits on, and where it called Do.
func moveGoroutine(t *testing.T, s set.Set) (tid, place string, end func()) {
	t.Helper()
	g := NewWithT(t)
	seated, stop, ended := make(chan error), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		_, file, line, _ := runtime.Caller(0)
		err := s.Do(func() {
			link, err := os.Readlink("/proc/thread-self")
			tid, place = filepath.Base(link), fmt.Sprintf("%s:%d in nstest_test.moveGoroutine.func1", filepath.Base(file), line+1)
			seated <- err
			<-stop
		})
		if err != nil {
			seated <- err
		}
	}()
	g.Expect(<-seated).To(Succeed())
	return tid, place, func() { close(stop); <-ended }
}

func TestHaveLeakedThreads(t *testing.T) {
	g := NewWithT(t)
	outside := here(g, "uts")
	s := nstest.New(t, set.NS_UTS).Set()
	before := nstest.Snapshot()
	g.Eventually(nstest.Snapshot).ShouldNot(nstest.HaveLeakedThreads(before))
	tid, place, end := moveGoroutine(t, s)
	g.Expect(agrees(t, nstest.Snapshot(), nstest.HaveLeakedThreads(before))).To(Equal(fmt.Sprintf(
		`Expected not to have leaked threads, but found 1:
    thread %s: %s instead of %s (moved at %s)`, tid, idOf(t, s, set.NS_UTS), outside, place)))
	g.Expect(nstest.Snapshot).To(nstest.HaveLeakedThreads(before))
	end()
	g.Eventually(nstest.Snapshot).ShouldNot(nstest.HaveLeakedThreads(before))
	g.Expect(disagrees(t, nstest.Snapshot, nstest.HaveLeakedThreads(before))).To(Equal(
		"Expected to have leaked threads, but found none"))
}

func TestHaveLeakedNamespaces(t *testing.T) {
	g := NewWithT(t)
	before := nstest.Snapshot()
	s, err := set.Unshare(set.NS_UTS)
	g.Expect(err).NotTo(HaveOccurred())
	// For a moment, the thread that made it holds it too.
	g.Eventually(nstest.Snapshot).ShouldNot(nstest.HaveLeakedThreads(before))
	g.Expect(agrees(t, nstest.Snapshot(), nstest.HaveLeakedNamespaces(before))).To(MatchRegexp(
		`^Expected not to have leaked namespaces, but found 1:
    namespace (uts:\[\d+\]), held by descriptor \d+ \(uts:\[\d+\]\) \(a Set made at match_leaked_test\.go:\d+ in nstest_test\.TestHaveLeakedNamespaces\)$`))
	g.Expect(agrees(t, nstest.Snapshot(), nstest.HaveLeakedNamespaces(before))).To(ContainSubstring(
		"namespace " + idOf(t, s, set.NS_UTS) + ", held by"))
	g.Expect(s.Close()).To(Succeed())
	g.Expect(disagrees(t, nstest.Snapshot(), nstest.HaveLeakedNamespaces(before))).To(Equal(
		"Expected to have leaked namespaces, but found none"))
}

func TestHaveLeakedFds(t *testing.T) {
	g := NewWithT(t)
	before := nstest.Snapshot()
	f, err := os.Open(os.DevNull)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(agrees(t, nstest.Snapshot(), nstest.HaveLeakedFds(before))).To(Equal(fmt.Sprintf(
		`Expected not to have leaked descriptors, but found 1:
    descriptor %d: /dev/null`, f.Fd())))
	g.Expect(f.Close()).To(Succeed())
	g.Expect(disagrees(t, nstest.Snapshot(), nstest.HaveLeakedFds(before))).To(Equal(
		"Expected to have leaked descriptors, but found none"))
}

func TestHaveLeakedProcesses(t *testing.T) {
	g := NewWithT(t)
	before := nstest.Snapshot()
	cmd := exec.Command("cat")
	stdin, err := cmd.StdinPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cmd.Start()).To(Succeed())
	g.Expect(agrees(t, nstest.Snapshot(), nstest.HaveLeakedProcesses(before))).To(Equal(fmt.Sprintf(
		`Expected not to have leaked processes, but found 1:
    process %d (cat): ["cat"]`, cmd.Process.Pid)))
	g.Expect(stdin.Close()).To(Succeed())
	g.Expect(cmd.Wait()).To(Succeed())
	g.Expect(disagrees(t, nstest.Snapshot(), nstest.HaveLeakedProcesses(before))).To(Equal(
		"Expected to have leaked processes, but found none"))
}

func TestHaveLeaked(t *testing.T) {
	g := NewWithT(t)
	before := nstest.Snapshot()
	null, err := os.Open(os.DevNull)
	g.Expect(err).NotTo(HaveOccurred())
	zero, err := os.Open("/dev/zero")
	g.Expect(err).NotTo(HaveOccurred())
	ignoreNull := nstest.Ignoring(fmt.Sprintf("^descriptor %d: /dev/null$", null.Fd()))
	g.Expect(agrees(t, nstest.Snapshot(), nstest.HaveLeaked(before, ignoreNull))).To(Equal(fmt.Sprintf(
		`Expected not to have leaked anything, but found 1:
    descriptor %d: /dev/zero`, zero.Fd())))
	g.Expect(disagrees(t, nstest.Snapshot(), nstest.HaveLeaked(before, ignoreNull, nstest.Ignoring("zero")))).To(Equal(
		"Expected to have leaked anything, but found none"))
	g.Expect(nstest.Snapshot).NotTo(nstest.HaveLeakedFds(before, ignoreNull, nstest.Ignoring("zero")))
	g.Expect(refuses(t, nstest.Snapshot(), nstest.HaveLeaked(before, nstest.Ignoring("(")))).To(HavePrefix(
		"HaveLeaked matcher: Ignoring: error parsing regexp: missing closing )"))
	g.Expect(null.Close()).To(Succeed())
	g.Expect(zero.Close()).To(Succeed())
}

// What is kept ready for later fixtures is nobody's leak.
func TestPoolsAreNoLeak(t *testing.T) {
	g := NewWithT(t)
	before := nstest.Snapshot()
	t.Run("inner", func(t *testing.T) {
		for range 10 {
			nstest.New(t, set.NS_UTS)
		}
	})
	g.Expect(nstest.Snapshot).NotTo(nstest.HaveLeakedFds(before))
	g.Expect(nstest.Snapshot).NotTo(nstest.HaveLeakedProcesses(before))
	g.Eventually(nstest.Snapshot).ShouldNot(SatisfyAny(
		nstest.HaveLeakedThreads(before), nstest.HaveLeakedNamespaces(before)))
}

func TestLeaksNeedASnapshotBefore(t *testing.T) {
	NewWithT(t).Expect(refuses(t, nstest.Snapshot(), nstest.HaveLeakedFds(nil))).To(Equal(
		`HaveLeakedFds matcher expects to be made with what nstest.Snapshot returned before.  Got:
    <*nstest.Inventory | 0x0>: nil`))
}
