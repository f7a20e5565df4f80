// SPDX-License-Identifier: Apache-2.0

package thread_test

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/thread"
)

func init() { runtime.LockOSThread() } // so that the main goroutine is on the main thread

// ranOn is the thread of a function that was to run where the main goroutine was. The others are those of the main
// goroutine where it was to leave the main thread: while it was locked to that, and afterwards.
var ranOn, lockedOn, leftFor int

// landed is how many goroutines were put on the main thread after all this.
var landed int

const goroutines = 50

func TestMain(m *testing.M) {
	if unix.Gettid() == unix.Getpid() {
		thread.Here(func() bool { ranOn = unix.Gettid(); return true })
		thread.OffMain(func() { lockedOn = unix.Gettid() })
		runtime.UnlockOSThread()
		thread.OffMain(func() { leftFor = unix.Gettid() })
		thread.Run(func() bool { return true }) // takes the main thread if it is Run's turn
		over := make(chan struct{})
		for range goroutines { // at once, and more than there are threads: Go takes those it has first
			tid := make(chan int)
			go func() {
				runtime.LockOSThread()
				tid <- unix.Gettid()
				<-over
				runtime.UnlockOSThread()
			}()
			if <-tid == unix.Getpid() {
				landed++
			}
		}
		close(over)
	}
	goleak.VerifyTestMain(m)
}

func TestNothingRunsOnTheMainThread(t *testing.T) {
	if ranOn == 0 || ranOn == unix.Getpid() {
		t.Errorf("it ran on thread %d, and the main one is %d", ranOn, unix.Getpid())
	}
}

func TestRunSaysHowWorkEnded(t *testing.T) {
	cause := errors.New("on purpose")
	for name, c := range map[string]struct {
		work func()
		want func(thread.Ending) bool
	}{
		"returns": {func() {}, func(e thread.Ending) bool { return e == thread.Ending{} }},
		"exits":   {runtime.Goexit, func(e thread.Ending) bool { return e == thread.Ending{Goexit: true} }},
		"panics": {func() { panic(cause) }, func(e thread.Ending) bool {
			return !e.Goexit && e.Panic.Recovered == any(cause) && strings.Contains(e.Panic.String(), "thread_linux_test.go:")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, restored := range []bool{true, false} {
				if end := thread.Run(func() bool { c.work(); return restored }); !c.want(end) {
					t.Errorf("%+v", end)
				}
			}
		})
	}
}

func TestRelayEndsTheCallerTheSameWay(t *testing.T) {
	cause := errors.New("on purpose")
	end := thread.Run(func() bool {
		thread.Run(func() bool { panic(cause) }).Relay()
		return true
	})
	if p, ok := end.Panic.Recovered.(*thread.Panic); !ok || p.Recovered != any(cause) {
		t.Errorf("%+v, want the panic", end)
	}
	end = thread.Run(func() bool {
		thread.Run(func() bool { runtime.Goexit(); return true }).Relay()
		return true
	})
	if !end.Goexit {
		t.Errorf("%+v, want Goexit", end)
	}
}

func TestGoDoesNotWait(t *testing.T) {
	running, end := make(chan int), make(chan struct{})
	for _, restored := range []bool{true, false} {
		thread.Go(func() bool {
			running <- unix.Gettid()
			<-end
			return restored
		})
		if tid := <-running; tid == unix.Getpid() {
			t.Error("it runs on the main thread")
		}
		end <- struct{}{}
	}
}

// Nothing of this moves a thread, so that none is left inside.
func TestGoroutineThatLeftItsThreadIsAPanic(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, restored := range []bool{true, false} {
		end := thread.Run(func() bool {
			for range thread.Locks {
				runtime.UnlockOSThread()
			}
			for tid := unix.Gettid(); unix.Gettid() == tid; {
				blockInKernel(t, int(r.Fd()), w)
			}
			return restored
		})
		if end.Panic == nil || end.Panic.Recovered != any(thread.ErrUnlocked) {
			t.Errorf("%+v, want the unlock named", end)
		}
	}
}

// blockInKernel waits in a system call until another goroutine has run.
func blockInKernel(t *testing.T, r int, w *os.File) {
	go func() {
		if _, err := w.Write([]byte{1}); err != nil {
			t.Error(err)
		}
	}()
	if _, err := unix.Read(r, make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

func TestAGoroutineLeavesTheMainThreadUnlessItIsLockedToIt(t *testing.T) {
	if lockedOn != unix.Getpid() {
		t.Errorf("the main goroutine was on thread %d though it was locked to the main one, %d", lockedOn, unix.Getpid())
	}
	if leftFor == 0 || leftFor == unix.Getpid() {
		t.Errorf("the main goroutine was on thread %d, and the main one is %d", leftFor, unix.Getpid())
	}
}

func TestNoGoroutineGetsToTheMainThreadAgain(t *testing.T) {
	if landed > 0 {
		t.Errorf("%d of %d goroutines were put on the main thread", landed, goroutines)
	}
}

func TestAThreadIsKnownByItsNameAlone(t *testing.T) {
	names := make(map[uintptr]bool)
	over := make(chan struct{})
	var running sync.WaitGroup
	defer running.Wait()
	defer close(over)
	for range 20 {
		name := make(chan [2]uintptr)
		running.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			name <- [2]uintptr{thread.Self(), thread.Self()}
			<-over
		})
		if n := <-name; n[0] != n[1] || names[n[0]] {
			t.Errorf("a thread is %x, and then %x; of %d others, one is that", n[0], n[1], len(names))
		} else {
			names[n[0]] = true
		}
	}
}
