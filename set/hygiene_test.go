// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// Whatever happens in a Set, a thread that Go may use again is where it was.
func TestThreadsAreAtTheBaselineAfterManyCalls(t *testing.T) {
	const workers, rounds = 8, 1250
	before := threads(t)
	files := openFiles(t)
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
	sameThreads(t, before)
	if now := openFiles(t); now != files+5 {
		t.Errorf("%d descriptors are open, want the %d from before and 5 of the Sets", now, files)
	}
}

// sameThreads waits until the threads that are on their way out have ended, and
// then wants every thread where those of before were.
func sameThreads(t *testing.T, before map[string]string) {
	t.Helper()
	home := make(map[string]bool)
	for _, where := range before {
		home[where] = true
	}
	if len(home) != 1 {
		t.Fatalf("threads were in different places before: %v", before)
	}
	for tid, where := range threads(t) {
		if !home[where] {
			waitGone(t, atoi(t, tid))
		}
	}
	for tid, where := range threads(t) {
		if !home[where] {
			t.Errorf("thread %s is in %s", tid, where)
		}
	}
}
