// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

func TestAtRunsWhatIsPlanned(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	l := n.Link(n.Host("a"), n.Host("b"))
	came := make(chan string)
	n.At(20*time.Millisecond, func() { came <- "second" })
	n.At(0, func() {
		l.Down()
		came <- "first"
	})
	n.Up()
	n.At(time.Hour, func() { t.Error("runs before its time") })
	g.Expect([]string{<-came, <-came}).To(ConsistOf("first", "second"))
	n.At(0, func() { came <- "at once" })
	g.Expect(<-came).To(Equal("at once"))
}

func TestTheEndWaitsForWhatRuns(t *testing.T) {
	var returned atomic.Bool
	logOf(t, func(tb testing.TB) {
		n := topo.New(tb)
		tb.Cleanup(func() { // after that of Up
			if !returned.Load() {
				t.Error("the test has ended, and what it has planned still runs")
			}
		})
		started, ended := make(chan bool), make(chan bool)
		n.Up()
		n.At(0, func() {
			close(started)
			<-ended
			returned.Store(true)
		})
		<-started
		tb.Cleanup(func() { time.AfterFunc(100*time.Millisecond, func() { close(ended) }) }) // before that of Up
	})
}

func TestPanicAtATimeFailsTheTest(t *testing.T) {
	g := NewWithT(t)
	log := logOf(t, func(tb testing.TB) {
		n := topo.New(tb)
		n.Up()
		ran := make(chan bool)
		n.At(0, func() {
			defer close(ran)
			panic("no such thing")
		})
		<-ran
	})
	g.Expect(log).To(HaveLen(2))
	g.Expect(log[0]).To(MatchRegexp(`^topo: at 0s \(schedule_linux_test.go:\d+\): panic: no such thing\n(?s:.*)schedule_linux_test.go:\d+`))
	g.Expect(log[1]).To(ContainSubstring("what was to run at 0s (schedule_linux_test.go:"))
}

// A method fails where no line of the test is in the call stack.
func TestFailuresAtATimeNameTheTestsLine(t *testing.T) {
	if isInner() {
		for _, fails := range []func(n *topo.Network) func(){
			func(n *topo.Network) func() { return n.Up }, // which is up by then
			func(*topo.Network) func() { return func() { panic("no such thing") } },
			func(n *topo.Network) func() { return func() { _ = n.Links()[0] } },
		} {
			t.Run("", func(t *testing.T) {
				n := topo.New(t)
				n.At(0, fails(n))
				n.Up()
				for !t.Failed() {
					runtime.Gosched()
				}
			})
		}
		return
	}
	out := failsInside(t, t.Name())
	g := NewWithT(t)
	g.Expect(out).To(MatchRegexp(`schedule_linux_test.go:\d+: topo: at 0s \(schedule_linux_test.go:\d+\): up: the network is up already`))
	g.Expect(out).To(MatchRegexp(`schedule_linux_test.go:\d+: topo: at 0s \(schedule_linux_test.go:\d+\): panic: no such thing`))
	g.Expect(out).To(MatchRegexp(`schedule_linux_test.go:\d+: topo: at 0s \(schedule_linux_test.go:\d+\): panic: runtime error: index out of range`))
}

func TestFailureAtATimeFailsTheTest(t *testing.T) {
	g := NewWithT(t)
	log := logOf(t, func(tb testing.TB) {
		n := topo.New(tb)
		a := n.Host("a")
		n.Up()
		ran := make(chan bool)
		n.At(0, func() {
			defer close(ran)
			n.Isolate(a, a)
		})
		<-ran
	})
	g.Expect(log[0]).To(Equal("topo: isolate [a a]: a is named twice"))
}

func TestWhatIsPlannedAndNeverBeginsFailsTheTest(t *testing.T) {
	if isInner() {
		plan := func(t *testing.T) *topo.Network {
			n := topo.New(t)
			n.At(2*time.Second, func() {})
			n.At(time.Second, func() {})
			return n
		}
		t.Run("not up", func(t *testing.T) { plan(t) })
		t.Run("skipped", func(t *testing.T) { plan(t); t.Skip("for another reason") })
		t.Run("failed", func(t *testing.T) { plan(t); t.Fatal("for another reason") })
		t.Run("up", func(t *testing.T) { plan(t).Up() })
		return
	}
	out := failsInside(t, t.Name())
	g := NewWithT(t)
	g.Expect(out).To(MatchRegexp(`\n +schedule_linux_test.go:\d+: topo: at 2s: it has never begun: Up was not called\n`))
	g.Expect(strings.Count(out, "never begun")).To(Equal(1), out)
	g.Expect(out).To(And(ContainSubstring("--- FAIL: "+t.Name()+"/not_up"), ContainSubstring("--- SKIP: "+t.Name()+"/skipped")))
	g.Expect(out).To(ContainSubstring("--- PASS: " + t.Name() + "/up"))
}

func TestBadTimesAreNamed(t *testing.T) {
	for want, f := range map[string]func(n *topo.Network){
		"topo: at -1s: a time since Up is not negative": func(n *topo.Network) { n.At(-time.Second, func() {}) },
		"topo: at 1s: there is no function to run":      func(n *topo.Network) { n.At(time.Second, nil) },
	} {
		if text := failure.Text(t, func(tb testing.TB) { f(topo.New(tb)) }); text != want {
			t.Errorf("ends with %q, want %q", text, want)
		}
	}
}
