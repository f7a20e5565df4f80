// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/onsi/ginkgo/v2"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/evidence"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/journal"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// How a test is recorded:
//
//  1. When it gets its first fixture, a recorder begins. It writes all down at once in trace.jsonl, in the test's folder: what
//     the journal tells, what the kernel says of the network of each fixture, and what the test logs.
//  2. When the test fails, before its clean-ups, the recorder looks at everything once more, and at what the kernel
//     tells of by itself nobody: sockets, nftables, processes. What the network does afterwards, while it is
//     taken down, is of no interest.
//  3. After the last clean-up it is known how the test has ended. The page is made of trace.jsonl and of the
//     packets, or all is removed.
//
// What goes wrong in here is logged, and changes nothing of how the test ends.

// Variable is the environment variable that says of which tests there are to be traces: failed or all.
const variable = "NSTEST_TRACE"

var mode, _ = evidence.ModeOf(variable) // Main says what is wrong with it

func init() {
	evidence.Provide(variable)
	if mode == evidence.Never {
		return
	}
	lifecycle.Observe(observer{})
	journal.Listen(hearJournal)
	ginkgo.BeforeEach(beginSpec)
	ginkgo.ReportAfterEach(endSpec)
}

// recorders has those of the tests that run.
var recorders = struct {
	sync.Mutex
	of     map[testing.TB]*recorder // nil for one that cannot be recorded
	ofSpec *recorder                // of Ginkgo's spec
}{of: make(map[testing.TB]*recorder)}

// recorderFor returns the recorder of a test, or of the innermost around it that has one, or nil.
func recorderFor(tb testing.TB) *recorder {
	recorders.Lock()
	defer recorders.Unlock()
	if lifecycle.IsGinkgo(tb) {
		return recorders.ofSpec
	}
	if reflect.ValueOf(tb).Comparable() && recorders.of[tb] != nil {
		return recorders.of[tb]
	}
	return recorderAround(tb.Name())
}

// recorderNamed is recorderFor for the name of a test.
func recorderNamed(name string) *recorder {
	recorders.Lock()
	defer recorders.Unlock()
	return recorderAround(name)
}

// recorderAround returns the recorder of the innermost test of or around that name. The lock is held.
func recorderAround(name string) (found *recorder) {
	longest := -1
	for _, r := range recorders.of {
		if r != nil && (name == r.test.Name || strings.HasPrefix(name, r.test.Name+"/")) && len(r.test.Name) > longest {
			found, longest = r, len(r.test.Name)
		}
	}
	return found
}

// hearJournal is told what happens in tests.
func hearJournal(tb testing.TB, e journal.Entry) {
	if r := recorderFor(tb); r != nil {
		r.hear(e)
	}
}

// An observer is told what becomes of tests.
type observer struct{}

var _ lifecycle.Observer = observer{}

func (observer) Began(in *lifecycle.Instance) {
	in.TB.Helper()
	of := recorderOf
	if lifecycle.IsGinkgo(in.TB) {
		of = recorderOfSpec
	}
	r := of(in.TB)
	if r == nil {
		return
	}
	r.network.watch(in)
	// The first fixture may be one that a package makes for itself, at a line of its own.
	if in.Own.Flags()&set.NS_NET != 0 && !lifecycle.IsGinkgo(in.TB) && !r.hasNetwork.Swap(true) {
		r.sayAtEnd()
	}
}

// recorderOf returns the recorder of a plain test, which begins with its first fixture.
func recorderOf(tb testing.TB) *recorder {
	if !reflect.ValueOf(tb).Comparable() {
		return nil // somebody's own, which no map can have for a key
	}
	tb.Helper()
	recorders.Lock()
	r, known := recorders.of[tb]
	recorders.Unlock()
	if known {
		return r
	}
	r, err := newRecorder(tb)
	if err != nil {
		complain(tb, err)
		r = nil
	}
	recorders.Lock()
	recorders.of[tb] = r
	recorders.Unlock()
	atEnd(tb, func() {
		recorders.Lock()
		delete(recorders.of, tb)
		recorders.Unlock()
		if r != nil {
			r.endPlain()
		}
	})
	if r != nil {
		r.beginPlain()
		r.watchShared()
	}
	return r
}

func (observer) Failed(t *lifecycle.Test) {
	if r := recorderOfTest(t); r != nil {
		r.noteFailure(t)
	}
}

func (observer) Hangs(t *lifecycle.Test) {
	if r := recorderOfTest(t); r != nil {
		r.hangs(t)
	}
}

func (observer) Ended(t *lifecycle.Test, instances []*lifecycle.Instance) {
	if r := recorderOfTest(t); r != nil {
		r.network.unwatch(instances)
	}
}

func recorderOfTest(t *lifecycle.Test) *recorder {
	if t.TB() != nil {
		return recorderFor(t.TB())
	}
	recorders.Lock()
	defer recorders.Unlock()
	return recorders.ofSpec
}

// complain says why there is no trace, where the test's own log is no place for it: it may have ended.
func complain(tb testing.TB, err error) {
	fmt.Fprintf(os.Stderr, "nstest: no trace of %s: %v\n", tb.Name(), err)
}
