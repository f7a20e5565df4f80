// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Whatever happens in a Set, a thread that Go may use again is where it was.
func TestThreadsAreAtTheBaselineAfterManyCalls(t *testing.T) {
	const workers, rounds = 8, 1250
	held := namespacesHeld(t)
	net, uts := unshare(t, set.NS_NET), unshare(t, set.NS_UTS|set.NS_CGROUP)
	broken := unshare(t, set.NS_NET|set.NS_UTS)
	noError(t, set.BreakFd(broken, set.NS_UTS))

	works := []func(){
		func() { _ = net.Do(func() {}) },
		func() { _ = net.DoRaw(func() bool { return true }, true) },
		func() { _ = uts.DoRaw(func() bool { return true }, true) },
		func() { // nested, the inner one restored on top of the outer
			_ = net.DoRaw(func() bool {
				_ = uts.DoRaw(func() bool { return true }, true)
				return true
			}, true)
		},
		func() { _ = uts.Do(func() { _ = net.DoRaw(func() bool { return true }, true) }) },
		func() {
			defer func() { _ = recover() }()
			_ = uts.DoRaw(func() bool { panic("on purpose") }, true)
		},
		func() { _ = net.DoRaw(func() bool { runtime.Goexit(); return true }, true) },
		func() { _ = broken.DoRaw(func() bool { return true }, true) },
		func() {
			s, err := set.Unshare(set.NS_UTS)
			if err != nil {
				t.Error(err)
				return
			}
			_ = s.DoRaw(func() bool { return true }, true)
			_ = s.Close()
		},
		func() {
			s, err := uts.Unshare(set.NS_UTS | set.NS_IPC)
			if err != nil {
				t.Error(err)
				return
			}
			_ = s.Close()
		},
	}
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := range rounds {
				var one sync.WaitGroup
				one.Go(works[(w+i)%len(works)]) // a goroutine of its own: some work ends it
				one.Wait()
			}
		})
	}
	all.Wait()
	allThreadsRestored(t)
	if now := namespacesHeld(t); now != held+4 { // one of the broken Set's is no namespace
		t.Errorf("%d namespaces are held, want the %d from before and 4 of the Sets", now, held)
	}
}

// allThreadsRestored waits until the threads that are on their way out have ended, and
// then wants every thread to be where the main one is.
func allThreadsRestored(t *testing.T) {
	t.Helper()
	main := strconv.Itoa(os.Getpid())
	now := threads(t)
	for tid, where := range now {
		if where != now[main] {
			waitGone(t, atoi(t, tid))
		}
	}
	now = threads(t)
	for tid, where := range now {
		if where != now[main] {
			t.Errorf("thread %s is in %s, the main thread in %s", tid, where, now[main])
		}
	}
}

// namespacesHeld counts the descriptors of this process that are namespaces.
func namespacesHeld(t *testing.T) (n int) {
	t.Helper()
	list, err := procfs.Descriptors(procfs.Root, procfs.Self)
	noError(t, err)
	for _, d := range list {
		if _, err := procfs.ParseNamespace(d.Target); err == nil {
			n++
		}
	}
	return n
}
