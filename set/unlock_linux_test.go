// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/thread"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// Whoever unlocks a thread that f did not lock must not hand it, inside the Set as it
// is, to other goroutines.
func TestUnpairedUnlocksKeepTheThread(t *testing.T) {
	s := unshare(t, set.NS_UTS)
	for name, enter := range map[string]func(f func()) error{
		"Do":    s.Do,
		"DoRaw": func(f func()) error { return s.DoRaw(func() bool { f(); return true }, true) },
		"Enter": func(f func()) (err error) {
			var done sync.WaitGroup
			done.Go(func() {
				if err = s.Enter(); err == nil {
					f()
				}
			})
			done.Wait()
			return err
		},
	} {
		var tid int
		var locked bool
		noError(t, enter(func() {
			for range 20 {
				runtime.UnlockOSThread()
			}
			tid, locked = unix.Gettid(), lockedToThread()
		}))
		if !locked {
			t.Errorf("%s: after the unlocks the goroutine is not locked to its thread", name)
		}
		if name != "DoRaw" { // which may use the thread again
			waitGone(t, tid)
		}
	}
	allThreadsRestored(t)
}

// A goroutine that took back all locks may still be on its thread when it ends.
func TestThreadUnlockedThroughoutEndsWithItsGoroutine(t *testing.T) {
	s := unshare(t, set.NS_UTS)
	for _, end := range []func(){func() {}, runtime.Goexit, func() { panic("on purpose") }} {
		var tid int
		var done sync.WaitGroup
		done.Go(func() {
			defer func() { _ = recover() }()
			_ = s.Do(func() {
				for range thread.Locks {
					runtime.UnlockOSThread()
				}
				if lockedToThread() {
					t.Error("more locks than thread.Locks")
				}
				tid = unix.Gettid()
				end()
			})
		})
		done.Wait()
		waitGone(t, tid)
	}
}

// lockedToThread reports whether the calling goroutine is, by what the runtime says at
// the head of its stack.
func lockedToThread() bool {
	var head [128]byte
	line, _, _ := strings.Cut(string(head[:runtime.Stack(head[:], false)]), "\n")
	return strings.Contains(line, "locked to thread")
}
