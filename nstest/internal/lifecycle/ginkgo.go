// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
)

// specs has the instances of the spec that runs, and of the suite.
var specs = newTest(nil)

// IsGinkgo reports whether a testing.TB stands for the spec of Ginkgo that runs.
func IsGinkgo(tb testing.TB) bool {
	_, is := tb.(*ginkgo.GinkgoTBWrapper)
	return is
}

// Specs returns the test that stands for all specs.
func Specs() *Test { return specs }

// An attempt is one to run a spec, or a node of the suite.
type attempt struct {
	began  time.Time
	number int
}

// beginAttempt forgets the failure of an attempt before this one: what is shared with it may have changed since, and
// fail again. The lock is held.
func (t *Test) beginAttempt() {
	report := ginkgo.CurrentSpecReport()
	now := attempt{report.StartTime, report.NumAttempts}
	if t.attempt == now {
		return
	}
	t.attempt, t.failure, t.shown, t.omitted = now, running, 0, 0
	for _, in := range t.instances {
		in.evidence, in.found = unread, nil
	}
}

// beginInGinkgo has the instance released at the end of what the running node is for: a spec, an Ordered
// container, the suite.
func (in *Instance) beginInGinkgo() {
	in.TB.Helper()
	if in.At.FileName == "" {
		in.At = types.NewCodeLocation(0)
	}
	ginkgo.DeferCleanup(func() {
		if err := in.release(); err != nil {
			ginkgo.Fail(fmt.Sprintf("nstest: %s: %v", in.Name, err))
		}
	}, in.At)
}

// LogSpec is called when a spec has failed, before its clean-ups (ginkgo.DeferOnFailure). An Ordered container
// may go on, and have its instances change, and fail again.
func LogSpec() {
	specs.noteFailure(nil)
	for _, in := range specs.Instances() {
		in.log()
	}
}

// Sweep does for an instance that was kept what the clean-up of others does, but for closing it: nodes that report
// on its spec are yet to run inside.
func (in *Instance) Sweep() error {
	in.TB.Helper()
	return in.sweep()
}

// ReleaseLate releases an instance that was kept. Its spec is over, so that nobody reports on it.
func (in *Instance) ReleaseLate() error {
	in.test.mu.Lock()
	isSwept := in.phase >= swept
	in.evidence, in.found, in.late = logged, nil, true
	in.test.mu.Unlock()
	var left []state.Process
	var err error
	if !isSwept {
		mine := in.Leftover.Without(in.spares())
		left, err = mine.Processes()
		err = errors.Join(err, mine.KillAll(left))
	}
	return errors.Join(err, in.test.close(in.test.release(in)))
}

// addEntry adds to the report of the spec that runs.
func addEntry(name, text string, at types.CodeLocation) {
	text = strings.ReplaceAll(text, "{{", "{ {") // which begins one of Ginkgo's colours
	ginkgo.AddReportEntry(name, text, types.ReportEntryVisibilityFailureOrVerbose, at)
}

// attachProgressReporter has each progress report show the instances that are open: those reports that come with a
// timeout of a node, a spec or the suite, and those that somebody asks for.
var attachProgressReporter = sync.OnceFunc(func() {
	ginkgo.AttachProgressReporter(func() string {
		all := maps.Collect(specs.describeOpen("at this moment", hangNotice))
		var texts []string
		for _, i := range slices.Sorted(maps.Keys(all)) {
			texts = append(texts, all[i])
		}
		return strings.Join(texts, "\n")
	})
})
