// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
)

// A filter is a function of the test, and the line that has added it.
type filter struct {
	judge func(*Frame) Verdict
	at    string

	mu   sync.Mutex // held while it runs
	over bool       // it was taken away, has panicked, or has ended its goroutine
}

// Filter makes the wire call judge for every frame, of both directions, one after the other: variables that
// only filters use need no lock. It is called on a goroutine of the wire, and no other frame moves on until it
// returns, so it must not wait for one. Filters that were added earlier are called first. Each filter sees the
// frame as the earlier ones have changed it; a frame that one has dropped is not shown to the others. The
// options of the wire then apply to frames that pass all filters.
//
// The function that Filter returns takes the filter away. When it returns, the filter does not run any more,
// and the test may read what it has written. A filter must not call that function.
//
// A filter that panics, or calls t.FailNow, t.Fatal or functions of require, fails the test; it is not called
// again, and the frame passes. To fail the test and go on, call t.Error.
func (w *Wire) Filter(judge func(f *Frame) Verdict) (remove func()) {
	w.tb.Helper()
	if judge == nil {
		w.tb.Fatal("wire: Filter: the function is nil")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	f := &filter{judge: judge, at: callsite.Outside(thisPackage)}
	w.filters = append(w.filters, f)
	w.cable.SetHook(w.judge)
	return func() { w.remove(f) }
}

// remove takes a filter away, and waits until it does not run.
func (w *Wire) remove(f *filter) {
	w.mu.Lock()
	w.filters = slices.DeleteFunc(slices.Clone(w.filters), func(other *filter) bool { return other == f }) // of which judge has the old ones
	if len(w.filters) == 0 {
		w.cable.SetHook(nil)
	}
	w.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
}

// judge asks all filters.
func (w *Wire) judge(f cable.Frame) cable.Verdict {
	w.mu.Lock()
	filters := w.filters
	w.mu.Unlock()
	ends := [2]*nstest.Fixture{w.a, w.b}
	frame := &Frame{From: ends[f.Direction], To: ends[1-f.Direction], Number: int(f.Number), At: f.At, data: f.Data}
	var sum Verdict
	for _, filter := range filters {
		v := w.ask(filter, frame)
		sum = sum.and(v)
		if sum.v.Drop {
			break
		}
		if v.v.Data != nil {
			frame.data, frame.packet = v.v.Data, nil
		}
	}
	return sum.v
}

// ask asks one filter, and reports how it ends if it does not return.
func (w *Wire) ask(f *filter, frame *Frame) (v Verdict) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return Pass
	}
	returned := false
	defer func() {
		if returned {
			return
		}
		f.over = true
		if panicked := recover(); panicked != nil {
			at := callsite.Panicked(thisPackage)
			w.fail(at, fmt.Sprintf("wire: the filter of %s has panicked at %s: %v\n\n%s", f.at, at, panicked, debug.Stack()))
			return
		}
		w.fail(f.at, fmt.Sprintf("wire: the filter of %s has called t.FailNow, t.Fatal, t.Skip or runtime.Goexit, which are for the goroutine of the test: "+
			"call t.Error and return wire.Drop, for example", f.at))
	}()
	v = f.judge(frame)
	returned = true
	return v
}

// fail fails the test from the goroutine of the wire. Ginkgo panics there, after it has taken the failure.
func (w *Wire) fail(at, text string) {
	defer func() { _ = recover() }()
	callsite.Error(w.tb, at, text)
}

const thisPackage = "github.com/seed-1bc5c4a2/gonso/nstest/wire"
