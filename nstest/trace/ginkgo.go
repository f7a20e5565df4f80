// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/evidence"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracefile"
)

// beginSpec begins to record a spec if it has fixtures already, of its suite or its Ordered container.
func beginSpec() {
	endAttempt()
	instances := lifecycle.Specs().Instances()
	if len(instances) == 0 {
		return
	}
	if r := recorderOfSpec(ginkgo.GinkgoTB()); r != nil {
		for _, in := range instances {
			r.network.watch(in)
		}
	}
}

// endAttempt ends the recorder of an attempt before this one, to run the same spec.
func endAttempt() {
	if r := takeSpec(); r != nil {
		verdict := tracedata.Passed
		if r.network.over.Load() {
			verdict = tracedata.Failed
		}
		r.end(verdict)
	}
}

// takeSpec returns the recorder of the spec that runs, or nil, and forgets it.
func takeSpec() *recorder {
	recorders.Lock()
	defer recorders.Unlock()
	r := recorders.ofSpec
	recorders.ofSpec = nil
	return r
}

// recorderOfSpec returns the recorder of the spec that runs, or nil for nodes that belong to none.
func recorderOfSpec(tb testing.TB) *recorder {
	recorders.Lock()
	defer recorders.Unlock()
	if recorders.ofSpec != nil || !ginkgo.CurrentSpecReport().LeafNodeType.Is(types.NodeTypeIt) {
		return recorders.ofSpec
	}
	r, err := newRecorder(tb)
	if err != nil {
		complain(tb, err)
		return nil
	}
	recorders.ofSpec = r
	return r
}

// endSpec is called with all that is known of a spec, after its clean-ups.
func endSpec(report ginkgo.SpecReport) {
	r := takeSpec()
	if r == nil {
		return
	}
	r.addReport(report)
	verdict := tracedata.Passed
	switch {
	case report.Failed():
		verdict = tracedata.Failed
	case report.State.Is(types.SpecStateSkipped | types.SpecStatePending):
		verdict = tracedata.Skipped
	}
	if r.keeps(verdict) {
		evidence.Say(r.tb, "trace", filepath.Join(r.dir, tracefile.Page))
	}
	r.end(verdict)
}

// addReport adds the steps, entries, log and failures of a spec.
func (r *recorder) addReport(report ginkgo.SpecReport) {
	add := func(kind, text string, at time.Time, where types.CodeLocation) {
		r.file.Add(tracefile.Record{Event: &tracedata.Event{
			At: r.at(at), Lane: tracedata.TestLane, Kind: kind, Text: text, Where: placeAt(where),
		}})
	}
	moments := []types.TimelineLocation{{Time: report.StartTime}}
	for _, e := range report.SpecEvents {
		moments = append(moments, e.TimelineLocation)
		if e.SpecEventType == types.SpecEventByStart {
			add("step", e.Message, e.TimelineLocation.Time, e.CodeLocation)
		}
	}
	for _, e := range report.ReportEntries {
		if !strings.HasPrefix(e.Name, "nstest: ") {
			add("mark", strings.TrimSpace(e.Name+" "+headline(e.StringRepresentation())), e.Time, e.Location)
		}
	}
	r.addLog(report.CapturedGinkgoWriterOutput, moments)
	failures := []types.Failure{report.Failure}
	for _, more := range report.AdditionalFailures {
		failures = append(failures, more.Failure)
	}
	for _, f := range failures {
		if f.IsZero() || !report.Failed() {
			continue
		}
		message := strings.TrimSpace(f.Message + " " + f.ForwardedPanic)
		at := r.at(f.TimelineLocation.Time)
		r.fail(at, message, placeAt(f.Location))
		for i, line := range strings.Split(message, "\n") {
			l := tracedata.Line{At: at, Text: line, Bad: true}
			if i == 0 {
				l.Where = placeAt(f.Location)
			}
			r.file.Add(tracefile.Record{Line: &l})
		}
	}
}

// addLog adds what was written to GinkgoWriter, of which it is known how much there was at some moments.
func (r *recorder) addLog(text string, moments []types.TimelineLocation) {
	offset := 0
	for line := range strings.Lines(text) {
		at := moments[0].Time
		for _, m := range moments {
			if m.Offset <= offset && m.Time.After(at) {
				at = m.Time
			}
		}
		offset += len(line)
		r.file.Add(tracefile.Record{Line: &tracedata.Line{At: r.at(at), Text: strings.TrimSuffix(line, "\n")}})
	}
}

func placeAt(l types.CodeLocation) tracedata.Place {
	return tracedata.Place{File: l.FileName, Line: l.LineNumber}
}
