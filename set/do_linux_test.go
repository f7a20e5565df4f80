// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"errors"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

func TestDoRunsInTheSet(t *testing.T) {
	each(t, five, func(t *testing.T, name string, flag int) {
		s := unshare(t, flag)
		want, before := id(t, s, flag), here(t, name)
		var inside string
		noError(t, s.Do(func() { inside = here(t, name) }))
		if inside != want || inside == before {
			t.Errorf("f ran in %s, want %s (process: %s)", inside, want, before)
		}
		if after := here(t, name); after != before {
			t.Errorf("the caller moved from %s to %s", before, after)
		}
	})
}

func TestDoRunsInTheProcessForKindsThatTheSetLacks(t *testing.T) {
	net, uts := unshare(t, set.NS_NET), unshare(t, set.NS_UTS)
	before := here(t, "net")
	noError(t, net.Do(func() {
		noError(t, uts.Do(func() {
			if got := here(t, "net"); got != before {
				t.Errorf("nested Do ran in %s of the outer Set, want %s of the process", got, before)
			}
		}))
	}))
}

func TestGoexitInDoEndsTheCallerAndNotJustTheFunction(t *testing.T) {
	s := unshare(t, set.NS_UTS)
	returned := false
	var done sync.WaitGroup
	done.Go(func() {
		noError(t, s.Do(runtime.Goexit))
		returned = true
	})
	done.Wait() // hangs if Goexit is lost
	if returned {
		t.Error("Do returned after Goexit")
	}
}

// A benchmark can fail and skip without a word, and without failing the test.
func TestFailNowInDoFailsOnlyThatTest(t *testing.T) {
	s := unshare(t, set.NS_UTS)
	for name, end := range map[string]func(b *testing.B){"FailNow": (*testing.B).FailNow, "SkipNow": (*testing.B).SkipNow} {
		var inner *testing.B
		reached := false
		testing.Benchmark(func(b *testing.B) {
			inner = b
			noError(b, s.Do(func() { end(b) }))
			reached = true
		})
		if reached || inner.Failed() != (name == "FailNow") || inner.Skipped() != (name == "SkipNow") {
			t.Errorf("after %s inside: went on: %v, failed: %v, skipped: %v", name, reached, inner.Failed(), inner.Skipped())
		}
	}
}

func TestPanicInDoReachesTheCallerWithValueAndStack(t *testing.T) {
	s := unshare(t, set.NS_UTS)
	cause := errors.New("boom")
	p := caught(t, func() { noError(t, s.Do(func() { raiseForTheStack(cause) })) })
	if p.Recovered != cause || !errors.Is(p, cause) { // the very value
		t.Errorf("recovered %v, want the original value", p.Recovered)
	}
	if !strings.Contains(string(p.Stack), "raiseForTheStack") || !strings.Contains(p.Error(), "raiseForTheStack") {
		t.Errorf("the stack does not show where it was raised:\n%s", p.Stack)
	}
}

// What is above the panic, and below f, is ours and tells the caller nothing.
func TestPanicOfDoShowsNoFrameOfOurs(t *testing.T) {
	s := unshare(t, set.NS_UTS)
	for name, f := range map[string]func(){
		"Do":    func() { noError(t, s.Do(func() { raiseForTheStack("on purpose") })) },
		"DoRaw": func() { noError(t, s.DoRaw(func() bool { raiseForTheStack("on purpose"); return true }, true)) },
	} {
		text := caught(t, f).Error()
		want := regexp.MustCompile(`^on purpose\n\ngonso: the panic was raised here:\n\ngoroutine \d+ .*:\n` +
			`\S+/set_test\.raiseForTheStack\(.*\)\n\t.*/do_linux_test\.go:\d+.*\n` +
			`\S+/set_test\.TestPanicOfDoShowsNoFrameOfOurs\S+\n\t.*/do_linux_test\.go:\d+.*\n$`)
		if !want.MatchString(text) {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

func raiseForTheStack(v any) { panic(v) }

func caught(t *testing.T, f func()) (p *set.PanicError) {
	t.Helper()
	defer func() {
		v := recover()
		var ok bool
		if p, ok = v.(*set.PanicError); !ok {
			t.Fatalf("recovered %T %v, want a *set.PanicError", v, v)
		}
	}()
	f()
	return nil
}

func TestPanicOfNestedDoKeepsTheInnermostValue(t *testing.T) {
	s := unshare(t, set.NS_UTS)
	p := caught(t, func() { noError(t, s.Do(func() { noError(t, s.Do(func() { panic("deep") })) })) })
	var value any = p
	for {
		inner, ok := value.(*set.PanicError)
		if !ok {
			break
		}
		value = inner.Recovered
	}
	if value != "deep" {
		t.Errorf("the original value is %v, want deep", value)
	}
}

func TestDoNeverRunsOnTheMainThread(t *testing.T) {
	s := unshare(t, set.NS_UTS)
	for range 200 {
		noError(t, s.Do(func() {
			if unix.Gettid() == unix.Getpid() {
				t.Error("f runs on the main thread")
			}
		}))
	}
}

func TestDoOfClosedSet(t *testing.T) {
	s := unshare(t, set.NS_UTS)
	noError(t, s.Close())
	err := s.Do(func() { t.Error("f ran") })
	if !errors.Is(err, os.ErrClosed) {
		t.Errorf("Do of a closed Set: %v, want os.ErrClosed", err)
	}
}

func TestDoInFlightKeepsItsNamespaces(t *testing.T) {
	s := unshare(t, set.NS_UTS|set.NS_NET)
	want := id(t, s, set.NS_UTS)
	noError(t, s.DoRaw(func() bool {
		noError(t, s.Close())
		if got := here(t, "uts"); got != want {
			t.Errorf("in %s after Close, want %s", got, want)
		}
		return true
	}, true))
}

func TestDoOfTheProcessesOwnNamespacesNeedsNoPrivilege(t *testing.T) {
	s := closing(t)(set.Current(set.NS_USER | set.NS_NET | set.NS_MNT | set.NS_TIME))
	ran := false
	noError(t, s.Do(func() { ran = true }))
	if !ran {
		t.Error("f did not run")
	}
}

func TestDoRawReusesTheThreadOnlyWhereThatIsSafe(t *testing.T) {
	each(t, five, func(t *testing.T, _ string, flag int) {
		back := flag&kind.Restorable != 0 && restorable(t, flag)
		s := unshare(t, flag)
		for _, restore := range []bool{false, true} {
			for _, clean := range []bool{false, true} {
				var tid int
				noError(t, s.DoRaw(func() bool { tid = unix.Gettid(); return clean }, restore))
				if want := back && restore && clean; !want {
					waitGone(t, tid)
				} else if err := unix.Tgkill(unix.Getpid(), tid, 0); err != nil {
					t.Errorf("DoRaw(%v, %v) threw the thread away: %v", clean, restore, err)
				}
			}
		}
	})
}

// restorable reports whether the kernel lets a thread back into the process's own
// namespace of a kind. In a user namespace it does not where that belongs to an
// outer one, as a host's network namespace does in a rootless run.
func restorable(t *testing.T, flag int) bool {
	home := closing(t)(set.Current(flag))
	fds, err := home.Fds(flag)
	noError(t, err)
	defer fds.Close()
	outcome := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread may have changed
		outcome <- unix.Setns(int(fds.Get(flag).Fd()), flag)
	}()
	err = <-outcome
	if err != nil && !errors.Is(err, unix.EPERM) {
		noError(t, err)
	}
	return err == nil
}

// waitGone waits until a thread has ended: a locked goroutine's thread does so
// some microseconds after the goroutine.
func waitGone(t *testing.T, tid int) {
	t.Helper()
	gomega.NewWithT(t).Eventually(func() error { return unix.Tgkill(unix.Getpid(), tid, 0) }, "10s", "1ms").
		Should(gomega.MatchError(unix.ESRCH), "thread %d is still there", tid)
}

func TestFailedJoinLeavesNoThreadInside(t *testing.T) {
	s := unshare(t, set.NS_NET|set.NS_UTS)
	noError(t, set.BreakFd(s, set.NS_UTS))
	for range 50 {
		err := s.DoRaw(func() bool { t.Error("f ran"); return true }, true)
		if !errors.Is(err, unix.EINVAL) {
			t.Fatalf("Do: %v, want EINVAL", err)
		}
	}
	allThreadsRestored(t)
}

func TestEnterMovesTheGoroutineForGood(t *testing.T) {
	each(t, five, func(t *testing.T, name string, flag int) {
		s := unshare(t, flag)
		want := id(t, s, flag)
		var done sync.WaitGroup
		done.Go(func() {
			if err := s.Enter(); err != nil {
				t.Error(err)
				return
			}
			runtime.Gosched()
			if got := here(t, name); got != want {
				t.Errorf("entered %s, want %s", got, want)
			}
		})
		done.Wait()
		if got := here(t, name); got == want {
			t.Error("the caller moved too")
		}
	})
}

func TestEnterFromInsideAnotherSetGoesBack(t *testing.T) {
	away := unshare(t, set.NS_MNT)
	home := closing(t)(set.Current(set.NS_MNT))
	want := here(t, "mnt")
	noError(t, away.Do(func() {
		noError(t, home.Enter())
		if got := here(t, "mnt"); got != want {
			t.Errorf("entered %s, want %s: skipped although the thread was elsewhere", got, want)
		}
	}))
}
