// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/containernetworking/plugins/pkg/testutils"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"golang.org/x/sys/unix"
)

// floorUnshare makes net namespaces one after the other on one thread, n in each
// round.
func floorUnshare(b *testing.B, n int) {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked, so that the thread ends
		var err error
		for b.Loop() {
			for range n {
				if e := unix.Unshare(unix.CLONE_NEWNET); e != nil {
					err = e
				}
			}
		}
		done <- err
	}()
	check(b, <-done)
}

// BenchmarkMake makes a net namespace and lets go of it.
func BenchmarkMake(b *testing.B) {
	b.Run("who=gonso", func(b *testing.B) {
		for b.Loop() {
			s, err := gonso.Unshare(gonso.NS_NET)
			check(b, err)
			check(b, s.Close())
		}
	})
	b.Run("who=floor", func(b *testing.B) { floorUnshare(b, 1) })
	b.Run("who=CNI", func(b *testing.B) {
		for b.Loop() {
			peer, err := testutils.NewNS()
			check(b, err)
			drop(b, peer)
		}
	})
}

// BenchmarkPool takes Sets that are ready.
func BenchmarkPool(b *testing.B) {
	const ready = 64
	p := gonso.NewPool(gonso.NS_UTS, nil)
	_, stop := p.Run(context.Background(), ready)
	b.Cleanup(stop)
	fill := func() {
		for p.Len() < ready {
			runtime.Gosched()
		}
	}
	b.Run("takers=1", func(b *testing.B) {
		var s gonso.Set
		for i := 0; b.Loop(); i++ {
			if i%ready == 0 {
				b.StopTimer()
				fill()
				b.StartTimer()
			}
			var err error
			s, err = p.Get()
			b.StopTimer()
			check(b, err)
			check(b, s.Close())
			b.StartTimer()
		}
	})
	b.Run("takers=1000", func(b *testing.B) {
		for b.Loop() {
			var all sync.WaitGroup
			for range 1000 {
				all.Go(func() {
					s, err := p.Get()
					if err == nil {
						err = s.Close()
					}
					if err != nil {
						b.Error(err)
					}
				})
			}
			all.Wait()
		}
	})
}

// BenchmarkSuite is 2,000 tests, each with a net namespace of its own that has lo
// up. Making 2,000 namespaces and nothing else is the floor.
func BenchmarkSuite(b *testing.B) {
	const tests = 2000
	b.Run("who=gonso", func(b *testing.B) {
		for b.Loop() {
			for range tests {
				oneTest(b)
			}
		}
	})
	b.Run("who=floor", func(b *testing.B) { floorUnshare(b, tests) })
}

// A test is what oneTest needs of a testing.TB: its clean-ups run when it ends.
type test struct {
	testing.TB
	cleanups []func()
}

func (t *test) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }
func (t *test) end() {
	for len(t.cleanups) > 0 {
		last := len(t.cleanups) - 1
		f := t.cleanups[last]
		t.cleanups = t.cleanups[:last]
		f()
	}
}

func oneTest(b *testing.B) {
	t := &test{TB: b}
	nstest.New(t, gonso.NS_NET)
	t.end()
}

// BenchmarkFixture is what a test waits for that begins 2 ms after the one before:
// the pool has had the time to make the next namespace.
func BenchmarkFixture(b *testing.B) {
	b.Run("who=gonso", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			work()
			b.StartTimer()
			oneTest(b)
		}
	})
	b.Run("who=CNI", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			work()
			b.StartTimer()
			peer, err := testutils.NewNS()
			check(b, err)
			drop(b, peer)
		}
	})
}

// work stands for what a test does besides.
func work() {
	for start := time.Now(); time.Since(start) < 2*time.Millisecond; {
	}
}
