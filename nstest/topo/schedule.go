// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"cmp"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
)

// A schedule has what is to be done to a network at certain times.
type schedule struct {
	waiting []appointment // for Up
	timers  []*time.Timer
	running sync.WaitGroup // one for each timer that is not stopped
	ended   bool
}

type appointment struct {
	after time.Duration // since Up
	f     func()
	where string // the caller's line
}

// At runs f on a goroutine of its own when the time d has passed since Up. It may be called before Up. What
// fails in f fails the test, and so does a panic. At its end, the test waits until a function that runs has
// returned; one whose time has not come never runs. The test fails if Up is never called.
//
//	n.At(2*time.Second, wan.Down)
//	n.At(5*time.Second, wan.Up)
func (n *Network) At(d time.Duration, f func()) {
	n.test().Helper()
	switch what := fmt.Sprintf("at %v", d); {
	case d < 0:
		n.fatal(what, errors.New("a time since Up is not negative"))
	case f == nil:
		n.fatal(what, errors.New("there is no function to run"))
	}
	a := appointment{d, f, caller()}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.upAt.IsZero() {
		n.plan(a)
		return
	}
	n.schedule.waiting = append(n.schedule.waiting, a)
}

// missUp fails a test that has planned something and not called Up, which would pass otherwise. One that has failed or was skipped may
// not have got that far.
func (n *Network) missUp() {
	n.tb.Helper()
	n.mu.Lock()
	began, planned := !n.upAt.IsZero(), n.schedule.waiting
	n.mu.Unlock()
	if began || len(planned) == 0 || lifecycle.Failed(n.tb) || n.tb.Skipped() {
		return
	}
	callsite.Error(n.tb, planned[0].where, fmt.Sprintf("topo: at %v: it has never begun: Up was not called", planned[0].after))
}

// begin starts the clock.
func (n *Network) begin() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.upAt = time.Now()
	n.keepLeases()
	for _, a := range n.schedule.waiting {
		n.plan(a)
	}
}

// plan is called with the lock held.
func (n *Network) plan(a appointment) {
	s := &n.schedule
	if s.ended {
		return
	}
	s.running.Add(1)
	s.timers = append(s.timers, time.AfterFunc(time.Until(n.upAt.Add(a.after)), func() {
		defer s.running.Done()
		n.run(a)
	}))
}

// run runs a function of At on its goroutine.
func (n *Network) run(a appointment) {
	defer ginkgo.GinkgoRecover() // where a spec fails by a panic
	defer func() {
		if lifecycle.IsGinkgo(n.tb) {
			return
		}
		where, text := a.where, ""
		if p := recover(); p != nil {
			failure, is := p.(plannedFailure)
			if text = string(failure); !is {
				where = cmp.Or(callsite.Panicked(thisPackage), a.where)
				text = fmt.Sprintf("panic: %v\n%s", p, debug.Stack())
			}
			callsite.Error(n.tb, where, fmt.Sprintf("topo: at %v (%s): %s", a.after, a.where, text))
		}
	}()
	n.mu.Lock()
	if n.schedule.ended {
		n.mu.Unlock()
		return
	}
	n.noteOf(fmt.Sprintf("what was to run at %v", a.after), a.where)
	n.tell(fmt.Sprintf("what was to run at %v begins", a.after), nil)
	n.mu.Unlock()
	a.f()
}

// A plannedFailure is that of a method that [Network.At] was given, so that no line of the test is in the call stack.
type plannedFailure string

// isPlanned reports whether [Network.At] has a method of this package called, in plain testing.
func (n *Network) isPlanned() bool {
	return caller() == "" && callsite.Under(thisPackage+".(*Network).run") && !lifecycle.IsGinkgo(n.tb)
}

// end stops what has not run yet, and waits for what runs.
func (n *Network) end() {
	n.mu.Lock()
	n.schedule.ended = true
	for _, timer := range n.schedule.timers {
		if timer.Stop() {
			n.schedule.running.Done()
		}
	}
	n.mu.Unlock()
	n.schedule.running.Wait()
}
