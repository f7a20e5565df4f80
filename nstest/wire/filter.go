// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/journal"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// Filter makes the wire call judge for every frame, of both directions, one after the other: variables that
// only filters use need no lock. It is called on a goroutine of the wire, and no other frame moves on until it
// returns, so it must not wait for one: if it takes more than five seconds, a line on standard error says so. Filters that were added earlier are called first. Each filter sees the
// frame as the earlier ones have changed it; a frame that one has dropped is not shown to the others. The
// options of the wire then apply to frames that pass all filters.
//
// The function that Filter returns takes the filter away. When it returns, the filter does not run any more,
// and the test may read what it has written. A filter may call it, too, which does not wait then; it is not called again.
//
// A filter that panics, or calls t.FailNow, t.Fatal or functions of require, fails the test; it is not called
// again, and the frame passes. To fail the test and go on, call t.Error.
func (w *Wire) Filter(judge func(f *Frame) Verdict) (remove func()) {
	w.tb.Helper()
	if judge == nil {
		w.tb.Fatal("wire: Filter: the function is nil")
	}
	where := callsite.PlaceOutside(thisPackage)
	journal.Add(w.tb, tracedata.Event{
		Lane: tracedata.FaultLane, Kind: "fault", Link: w.id(), Text: "the " + w.String() + " gets a filter", Where: where,
	})
	return w.filters.Add(judge, where)
}

const thisPackage = "github.com/seed-1bc5c4a2/gonso/nstest/wire"
