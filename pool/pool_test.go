// SPDX-License-Identifier: Apache-2.0

package pool_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/pool"
	"github.com/seed-1bc5c4a2/gonso/set"
)

func TestAfterCreateRunsInsideOfEverySet(t *testing.T) {
	g := NewWithT(t)
	var names sync.Map
	var count atomic.Int32
	p := pool.New(set.NS_UTS, func() error {
		id, err := os.Readlink("/proc/thread-self/ns/uts")
		names.Store(id, true)
		count.Add(1)
		return err
	})
	made, err := p.Get() // by Get itself
	g.Expect(err).NotTo(HaveOccurred())
	defer made.Close()

	_, stop := p.Run(t.Context(), 2)
	defer stop()
	g.Eventually(p.Len).Should(Equal(2))
	ready, err := p.Get() // prefilled
	g.Expect(err).NotTo(HaveOccurred())
	defer ready.Close()
	for _, s := range []set.Set{made, ready} {
		id, err := s.ID(set.NS_UTS)
		g.Expect(err).NotTo(HaveOccurred())
		_, ran := names.Load(id)
		g.Expect(ran).To(BeTrue(), "afterCreate did not run in %s", id)
	}
	g.Eventually(count.Load).Should(BeEquivalentTo(4))
}

func TestFailingAfterCreateFailsOneGetAndClosesItsSet(t *testing.T) {
	g := NewWithT(t)
	boom := errors.New("boom")
	for name, fail := range map[string]func() error{
		"an error": func() error { return boom },
		"a panic":  func() error { panic(boom) },
		"Goexit":   func() error { runtime.Goexit(); return nil },
	} {
		var fails atomic.Bool
		fails.Store(true)
		p := pool.New(set.NS_UTS, func() error {
			if fails.Load() {
				return fail()
			}
			return nil
		})
		before := openFiles(g)
		_, err := p.Get()
		g.Expect(err).To(MatchError(ContainSubstring("gonso: pool: set up Set(uts:[")), name)
		if name != "Goexit" {
			g.Expect(err).To(MatchError(boom), name)
		}
		g.Expect(openFiles(g)).To(Equal(before), "after %s", name)

		fails.Store(false)
		s, err := p.Get()
		g.Expect(err).NotTo(HaveOccurred(), "after %s", name)
		g.Expect(s.Close()).To(Succeed())
	}
}

func TestStopWakesTheFillerAndClosesWhatIsIdle(t *testing.T) {
	g := NewWithT(t)
	before := openFiles(g)
	p := pool.New(set.NS_UTS, nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	ended, _ := p.Run(ctx, 3)
	g.Eventually(p.Len).Should(Equal(3)) // the filler now waits for room
	why := errors.New("why")
	cancel(why)
	<-ended.Done()
	g.Expect(context.Cause(ended)).To(Equal(why))
	g.Expect(p.Len()).To(BeZero())
	g.Expect(openFiles(g)).To(Equal(before))

	s, err := p.Get()
	g.Expect(err).NotTo(HaveOccurred(), "Get from a stopped pool")
	p.Put(s)
	g.Expect(s.Closed()).To(BeTrue(), "Put into a stopped pool")
}

func TestGetDoesNotWaitForAFillerThatIsCreating(t *testing.T) {
	g := NewWithT(t)
	entered, release := make(chan struct{}), make(chan struct{})
	var later atomic.Bool
	p := pool.New(set.NS_UTS, func() error {
		if !later.Swap(true) {
			close(entered)
			<-release
		}
		return nil
	})
	ended, stop := p.Run(t.Context(), 1)
	defer stop()
	defer close(release)
	select {
	case <-entered:
	case <-ended.Done():
		t.Fatal(context.Cause(ended))
	}
	s, err := p.Get() // hangs if the filler holds the lock
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.Close()).To(Succeed())
}

func TestPutNeverMakesThePoolGrow(t *testing.T) {
	g := NewWithT(t)
	p := pool.New(set.NS_UTS, nil)
	_, stop := p.Run(t.Context(), 2)
	defer stop()
	g.Eventually(p.Len).Should(Equal(2))
	for range 5 {
		s, err := p.Get()
		g.Expect(err).NotTo(HaveOccurred())
		g.Eventually(p.Len).Should(Equal(2))
		p.Put(s)
		g.Expect(p.Len()).To(Equal(2))
		g.Expect(s.Closed()).To(BeTrue())
	}
}

func TestPutWithoutFillerKeepsSixteen(t *testing.T) {
	g := NewWithT(t)
	before := openFiles(g)
	p := pool.New(set.NS_UTS, nil)
	var sets []set.Set
	for range 17 {
		s, err := p.Get()
		g.Expect(err).NotTo(HaveOccurred())
		sets = append(sets, s)
	}
	for _, s := range sets {
		p.Put(s)
	}
	g.Expect(p.Len()).To(Equal(16))
	g.Expect(sets[16].Closed()).To(BeTrue())

	again, err := p.Get()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(sets[:16]).To(ContainElement(again))
	p.Put(again)
	_, stop := p.Run(t.Context(), 0)
	stop()
	g.Expect(p.Len()).To(BeZero())
	g.Expect(openFiles(g)).To(Equal(before))
}

func TestPutTakesOnlyWhatGetHandedOut(t *testing.T) {
	g := NewWithT(t)
	p := pool.New(set.NS_UTS, nil)
	host, err := set.Current(set.NS_UTS)
	g.Expect(err).NotTo(HaveOccurred())
	other, err := set.Unshare(set.NS_UTS)
	g.Expect(err).NotTo(HaveOccurred())
	closed, err := p.Get()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(closed.Close()).To(Succeed())
	for _, s := range []set.Set{host, other, closed, {}} {
		p.Put(s)
		g.Expect(pool.Idle(p)).To(BeZero())
		g.Expect(s.Closed()).To(BeTrue(), "nobody else is left to close it")
	}
}

func TestGetHandsOutNoSetThatWasClosedWhileIdle(t *testing.T) {
	g := NewWithT(t)
	p := pool.New(set.NS_UTS, nil)
	var sets []set.Set
	for range 3 {
		s, err := p.Get()
		g.Expect(err).NotTo(HaveOccurred())
		sets = append(sets, s)
	}
	for _, s := range sets {
		p.Put(s)
	}
	g.Expect(sets[2].Close()).To(Succeed()) // the next to be handed out
	s, err := p.Get()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s).To(Equal(sets[1]))
	g.Expect(s.Close()).To(Succeed())
	g.Expect(p.Len()).To(Equal(1))
	g.Expect(sets[0].Close()).To(Succeed())
	g.Expect(p.Len()).To(BeZero())
}

func TestFillerReplacesWhatWasClosedWhileIdle(t *testing.T) {
	g := NewWithT(t)
	gate := make(chan struct{}, 1)
	gate <- struct{}{}
	p := pool.New(set.NS_UTS, func() error { <-gate; return nil })
	s, err := p.Get()
	g.Expect(err).NotTo(HaveOccurred())
	_, stop := p.Run(t.Context(), 2)
	defer stop()
	defer close(gate)
	p.Put(s) // beside the one that the filler is at
	g.Expect(p.Len()).To(Equal(1))
	g.Expect(s.Close()).To(Succeed())
	gate <- struct{}{}
	g.Eventually(func() int { return pool.Idle(p) }).Should(Equal(2))
	g.Expect(p.Len()).To(Equal(1))
	gate <- struct{}{}
	g.Eventually(p.Len).Should(Equal(2))
}

// Most Sets are closed by their users; the pool must not remember those for ever.
func TestPoolForgetsSetsThatWereClosed(t *testing.T) {
	g := NewWithT(t)
	p := pool.New(set.NS_UTS, nil)
	for range 100 {
		s, err := p.Get()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(s.Close()).To(Succeed())
	}
	g.Expect(pool.Remembered(p)).To(BeNumerically("<=", 16))
}

func TestPutTwiceHandsOutOnce(t *testing.T) {
	g := NewWithT(t)
	p := pool.New(set.NS_UTS, nil)
	a, err := p.Get()
	g.Expect(err).NotTo(HaveOccurred())
	p.Put(a)
	p.Put(a)
	g.Expect(a.Closed()).To(BeFalse())
	seen := make(map[set.Set]bool)
	for range 4 {
		s, err := p.Get()
		g.Expect(err).NotTo(HaveOccurred())
		defer s.Close()
		g.Expect(seen).NotTo(HaveKey(s))
		seen[s] = true
	}
}

func TestFillerEndsWithTheCauseWhenTryingAgainMakesNoSense(t *testing.T) {
	g := NewWithT(t)
	boom := errors.New("boom")
	p := pool.New(set.NS_UTS, func() error { return boom })
	ended, stop := p.Run(t.Context(), 1)
	defer stop()
	<-ended.Done()
	g.Expect(context.Cause(ended)).To(MatchError(boom))
}

func TestFillerTriesAgainWhileALimitIsReached(t *testing.T) {
	g := NewWithT(t)
	var tries atomic.Int32
	p := pool.New(set.NS_UTS, func() error {
		if tries.Add(1) < 4 {
			return syscall.ENOSPC
		}
		return nil
	})
	_, stop := p.Run(t.Context(), 1)
	defer stop()
	g.Eventually(p.Len).Should(Equal(1))
}

func TestFillerReplacesEachSetThatIsTaken(t *testing.T) {
	g := NewWithT(t)
	p := pool.New(set.NS_UTS, nil)
	_, stop := p.Run(t.Context(), 4)
	defer stop()
	for range 3 {
		g.Eventually(p.Len).Should(Equal(4))
		s, err := p.Get()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(s.Close()).To(Succeed())
	}
	g.Eventually(p.Len).Should(Equal(4))
}

func TestSeveralFillersKeepTheSum(t *testing.T) {
	g := NewWithT(t)
	p := pool.New(set.NS_UTS, nil)
	_, stopA := p.Run(t.Context(), 3)
	defer stopA()
	_, stopB := p.Run(t.Context(), 2)
	g.Eventually(p.Len).Should(Equal(5))
	stopB()
	g.Expect(p.Len()).To(Equal(3))
	g.Consistently(p.Len, 20*time.Millisecond).Should(Equal(3))
}

func TestAThousandGoroutinesGetDifferentSets(t *testing.T) {
	g := NewWithT(t)
	p := pool.New(set.NS_UTS, nil)
	_, stop := p.Run(t.Context(), 16)
	defer stop()
	var seen sync.Map
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			s, err := p.Get()
			if err != nil {
				t.Error(err)
				return
			}
			if _, twice := seen.LoadOrStore(s, true); twice {
				t.Errorf("%s was handed out twice", s)
			}
		})
	}
	all.Wait()
	seen.Range(func(s, _ any) bool {
		g.Expect(s.(set.Set).Close()).To(Succeed())
		return true
	})
}

func TestGetOfImpossibleKindsGivesTheErrorOfUnshare(t *testing.T) {
	_, err := pool.New(0, nil).Get()
	NewWithT(t).Expect(err).To(MatchError(os.ErrInvalid))
}

func openFiles(g *WithT) int {
	list, err := os.ReadDir("/proc/self/fd")
	g.Expect(err).NotTo(HaveOccurred())
	return len(list)
}

func TestPoolMessageNamesTheCause(t *testing.T) {
	p := pool.New(set.NS_UTS, func() error { panic("no lo") })
	_, err := p.Get()
	if err == nil || !strings.Contains(err.Error(), "afterCreate panicked: no lo") {
		t.Errorf("%v, want the panic named", err)
	}
}
