// SPDX-License-Identifier: Apache-2.0

package pool_test

import (
	"context"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/pool"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// In a bubble nothing may be started that outlives it, and what waits there for the
// bubble's own clock would wait for ever.
func TestPoolServesBubblesAndTheWorldOutside(t *testing.T) {
	g := NewWithT(t)
	p := pool.New(set.NS_UTS, nil)
	_, stop := p.Run(t.Context(), 8)
	defer stop()
	g.Eventually(p.Len).Should(Equal(8))
	for _, n := range []int{9, 1, 7, 1} { // all, less than half, more
		synctest.Test(t, func(t *testing.T) { take(t, p, n) })
		g.Expect(p.Len()).To(Equal(max(8-n, 0)))
		take(t, p, 1)
		g.Eventually(p.Len).Should(Equal(8))
	}
}

func TestPoolOfABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pool.New(set.NS_UTS, nil)
		ctx, cancel := context.WithCancel(t.Context())
		for _, end := range []func(stop func()){
			func(stop func()) { stop() },
			func(func()) { cancel() },
		} {
			ended, stop := p.Run(ctx, 2)
			take(t, p, 3)
			end(stop)
			<-ended.Done()
		}
	})
}

// Its end closes a channel that belongs to the bubble.
func TestFillerOfABubbleIsNotWokenFromOutside(t *testing.T) {
	p := pool.New(set.NS_UTS, nil)
	asked, answered := make(chan struct{}), make(chan struct{})
	go func() {
		for range asked {
			take(t, p, 1)
			answered <- struct{}{}
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		ended, stop := p.Run(t.Context(), 1)
		done := ended.Done()
		asked <- struct{}{}
		<-answered
		stop()
		<-done
	})
	close(asked)
}

func TestFillerThatHasNothingToDoHasNoGoroutine(t *testing.T) {
	g := NewWithT(t)
	p := pool.New(set.NS_UTS, nil)
	_, stop := p.Run(t.Context(), 2)
	defer stop()
	g.Eventually(p.Len).Should(Equal(2))
	g.Eventually(goroutines).ShouldNot(ContainSubstring("gonso/pool.(*filler)"))
}

func goroutines() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// What a pool does for everybody is not put down to the one who happened to call.
func TestFillerHasNotTheProfilerLabelsOfWhoWokeIt(t *testing.T) {
	g := NewWithT(t)
	making, goOn := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	p := pool.New(set.NS_UTS, func() error {
		if first.CompareAndSwap(false, true) {
			making <- struct{}{}
			<-goOn
		}
		return nil
	})
	var stop func()
	pprof.Do(t.Context(), pprof.Labels("who", "the caller"), func(context.Context) { _, stop = p.Run(t.Context(), 1) })
	defer stop()
	<-making
	var profile strings.Builder
	err := pprof.Lookup("goroutine").WriteTo(&profile, 1)
	close(goOn)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(profile.String()).To(ContainSubstring("pool.(*filler).fill"))
	g.Expect(profile.String()).NotTo(ContainSubstring("the caller"))
}

// take gets Sets and closes them.
func take(t *testing.T, p *pool.Pool, n int) {
	t.Helper()
	for range n {
		s, err := p.Get()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
