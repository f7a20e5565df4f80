// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/evidence"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/testfield"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracefile"
)

// atEnd has f called after all clean-ups of a test, or at least after those that are registered from now on.
func atEnd(tb testing.TB, f func()) {
	if !testfield.AtEnd(tb, f) {
		tb.Cleanup(f)
	}
}

// beginPlain begins what a plain test needs: its log is in a buffer that has to be looked at.
func (r *recorder) beginPlain() {
	r.tb.Helper()
	r.log.begin(r)
	r.sayAtEnd()
}

// sayAtEnd has it logged where the trace is, at the line of the test that is at work now.
func (r *recorder) sayAtEnd() {
	r.tb.Helper()
	r.tb.Cleanup(r.say)
}

// watchShared follows the fixtures, too, that the test shares with those around it.
func (r *recorder) watchShared() {
	for around := lifecycle.Around(r.test.Name); around != nil; around = lifecycle.Around(around.Name()) {
		for _, in := range lifecycle.Of(around).Instances() {
			r.network.watch(in)
		}
	}
}

// say logs where the trace will be, while the test still has a log, if it was not said before.
func (r *recorder) say() {
	r.tb.Helper()
	r.lookAtLog()
	if !r.said && r.keeps(r.verdict()) {
		r.said = true
		evidence.Say(r.tb, "trace", filepath.Join(r.dir, tracefile.Page))
	}
}

// verdict is how a plain test ends, as far as it is known.
func (r *recorder) verdict() tracedata.Verdict {
	switch {
	case lifecycle.Failed(r.tb):
		return tracedata.Failed
	case r.tb.Skipped():
		return tracedata.Skipped
	}
	return tracedata.Passed
}

// endPlain is called after the clean-ups of a plain test.
func (r *recorder) endPlain() {
	verdict := r.verdict()
	r.log.end(r)
	if verdict == tracedata.Failed && !r.hasFailure() {
		r.fail(r.at(time.Now()), "The test has failed, and its log does not say why.", tracedata.Place{})
	}
	r.end(verdict)
}

func (r *recorder) hasFailure() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hasFailed
}

// notePanic notes that the test panics, if it has not failed before.
func (r *recorder) notePanic() {
	if r.tb == nil || lifecycle.IsGinkgo(r.tb) || r.tb.Failed() || !lifecycle.Failed(r.tb) || r.hasFailure() {
		return
	}
	r.fail(r.at(time.Now()), "The test panics.", callsite.PlacePanicked())
}
