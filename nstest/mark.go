// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/journal"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// Mark says in the test's trace what the test does at this moment:
//
//	nstest.Mark(t, "failover begins")
//	wan.Down()
//
// Where nothing is traced it does nothing, and takes a nanosecond; it logs nothing. In Ginkgo, the steps of By are in
// the trace as well.
func Mark(tb testing.TB, text string) {
	needTest(tb, "Mark")
	if !journal.Listening() {
		return
	}
	journal.Add(tb, tracedata.Event{Lane: tracedata.TestLane, Kind: "mark", Text: text, Where: callsite.PlaceOutside(thisPackage)})
}

const thisPackage = "github.com/seed-1bc5c4a2/gonso/nstest"
