// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/leak"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/internal/thread"
)

func TestThreadInForeignNamespacesIsFound(t *testing.T) {
	g := NewWithT(t)
	before := take(t)
	tid, end := moveThread(t, unix.CLONE_NEWNET|unix.CLONE_NEWUTS)
	report := leak.Diff(before, take(t))

	g.Expect(report.Threads).To(HaveLen(1))
	thread := report.Threads[0]
	g.Expect(thread.PID).To(Equal(tid))
	g.Expect(thread.Comm).NotTo(BeEmpty())
	g.Expect(thread.Moved).To(ConsistOf(
		leak.Move{Link: procfs.Net, Is: thread.NS[procfs.Net], Usual: before.Baseline[procfs.Net]},
		leak.Move{Link: procfs.UTS, Is: thread.NS[procfs.UTS], Usual: before.Baseline[procfs.UTS]},
	))
	var held []procfs.Namespace
	for _, ns := range report.Namespaces {
		held = append(held, ns.Namespace)
		g.Expect(ns.Holders).To(Equal([]leak.Holder{{What: "thread", ID: tid, Name: thread.Comm}}))
	}
	g.Expect(held).To(ConsistOf(thread.NS[procfs.Net], thread.NS[procfs.UTS]))

	end()
	settled(t, before)
}

func TestThreadWhoseChildrenGoToAnUnbornPIDNamespaceIsFound(t *testing.T) {
	g := NewWithT(t)
	before := take(t)
	tid, end := moveThread(t, unix.CLONE_NEWPID)
	report := leak.Diff(before, take(t))

	g.Expect(report.Threads).To(HaveLen(1))
	g.Expect(report.Threads[0].PID).To(Equal(tid))
	g.Expect(report.Threads[0].Moved).To(Equal([]leak.Move{
		{Link: procfs.PIDForChildren, Usual: before.Baseline[procfs.PIDForChildren]},
	}))
	end()
	settled(t, before)
}

func TestThreadWhoseChildrenGoToAnotherTimeNamespaceIsFound(t *testing.T) {
	g := NewWithT(t)
	before := take(t)
	_, end := moveThread(t, unix.CLONE_NEWTIME)
	report := leak.Diff(before, take(t))

	g.Expect(report.Threads).To(HaveLen(1))
	g.Expect(report.Threads[0].Moved).To(HaveLen(1))
	g.Expect(report.Threads[0].Moved[0].Link).To(Equal(procfs.TimeForChildren))
	end()
	settled(t, before)
}

func TestThreadThatWasMovedBeforeIsNotNew(t *testing.T) {
	_, end := moveThread(t, unix.CLONE_NEWNET)
	defer end()
	if report := leak.Diff(take(t), take(t)); !report.Empty() {
		t.Error(report)
	}
}

func TestThreadThatMovedOnIsNew(t *testing.T) {
	g := NewWithT(t)
	moved, again, done := make(chan error), make(chan struct{}), make(chan error)
	thread.Go(func() bool {
		moved <- sys.Unshare(unix.CLONE_NEWNET)
		<-again
		done <- sys.Unshare(unix.CLONE_NEWNET)
		<-again
		return false
	})
	g.Expect(<-moved).To(Succeed())
	before := take(t)
	again <- struct{}{}
	g.Expect(<-done).To(Succeed())
	defer close(again)
	g.Expect(leak.Diff(before, take(t)).Threads).To(HaveLen(1))
}

// Go keeps threads that it has no work for.
func TestIdleThreadsAreNoLeak(t *testing.T) {
	before := take(t)
	stop := make(chan struct{})
	var started, ended sync.WaitGroup
	for range 50 {
		started.Add(1)
		ended.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			started.Done()
			<-stop
		})
	}
	started.Wait()
	close(stop)
	ended.Wait()
	after := take(t)
	if len(after.Tasks) < 50 {
		t.Fatalf("only %d threads", len(after.Tasks))
	}
	if report := leak.Diff(before, after); !report.Empty() {
		t.Error(report)
	}
}

// A goroutine that ends locked has its thread end too, a moment later: what is
// seen in that moment is no leak, and never an error.
func TestDyingThreadsSettle(t *testing.T) {
	before := take(t)
	for range 100 {
		_, end := moveThread(t, unix.CLONE_NEWUTS)
		end()
		take(t)
	}
	settled(t, before)
}

func TestSettleLooksOnceWhenItsContextHasEnded(t *testing.T) {
	g := NewWithT(t)
	before := take(t)
	tid, end := moveThread(t, unix.CLONE_NEWUTS)
	defer end()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	report, err := leak.Settle(ctx, before)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(report.Threads).To(HaveLen(1))
	g.Expect(report.Threads[0].PID).To(Equal(tid))
}

// Where the kernel answers, it says what /proc shows.
func TestThreadsAreAskedForWhatProcShows(t *testing.T) {
	g := NewWithT(t)
	before := take(t)
	moved, end := moveThread(t, unix.CLONE_NEWNET|unix.CLONE_NEWUTS|unix.CLONE_NEWIPC|unix.CLONE_NEWCGROUP)
	defer end()
	for _, task := range take(t).Tasks {
		want, err := procfs.TaskNamespaces(procfs.Root, procfs.Self, task.PID, procfs.Namespaces{})
		g.Expect(err).NotTo(HaveOccurred())
		for _, known := range []procfs.Namespaces{{}, before.Baseline} {
			is, err := leak.AskThread(task.PID, known)
			if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.ENOSYS) {
				t.Logf("thread %d, of a kernel before 6.11: %v", task.PID, err)
				continue
			}
			g.Expect(err).NotTo(HaveOccurred())
			if task.PID == moved || want == before.Baseline { // others may end
				g.Expect(is).To(Equal(want))
			}
		}
	}
}

func TestAThreadThatHasEndedIsInNoNamespace(t *testing.T) {
	g := NewWithT(t)
	tid, end := moveThread(t, unix.CLONE_NEWUTS)
	before, err := leak.AskThread(tid, procfs.Namespaces{})
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.ENOSYS) {
		t.Logf("a kernel before 6.11: %v", err)
		end()
		return
	}
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(before.Ended()).To(BeFalse())
	end()
	g.Eventually(func() (procfs.Namespaces, error) { return leak.AskThread(tid, procfs.Namespaces{}) }).Should(Equal(procfs.Namespaces{}))
}
