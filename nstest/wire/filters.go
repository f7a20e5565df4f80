// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// Filters are those of one cable: of a Wire, or of a link of package topo, which gets them by cable.NewFilters.
type filters struct {
	tb   testing.TB
	who  string // begins messages
	link string // as a trace names it
	ends [2]*nstest.Fixture
	hook func(cable.Hook) // is given judge while there are filters; nil if the cable has it all the time
	seen seen

	mu   sync.Mutex
	list []*filter
}

func init() {
	cable.NewFilters = func(tb testing.TB, who, link string, ends [2]*nstest.Fixture) any {
		return &filters{tb: tb, who: who, link: link, ends: ends}
	}
}

// A filter is a function of the test, and the line that has added it.
type filter struct {
	judge func(*Frame) Verdict
	where tracedata.Place
	at    string // the same, for messages
	acted uint64 // for how many frames it did not just say Pass

	mu   sync.Mutex  // held while it runs
	over atomic.Bool // it was taken away, has panicked, or has ended its goroutine
	slow *time.Timer // says that it still runs
}

// slowFilter is how long a filter may run before a line on standard error says so. Where it waits for what does not come, neither
// the test nor its end goes on, and its log is printed by nobody.
var slowFilter = 5 * time.Second

// Add adds a filter. The function that it returns takes it away and, if no filter calls it, waits until it does not run.
func (fs *filters) Add(judge func(*Frame) Verdict, where tracedata.Place) (remove func()) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := &filter{judge: judge, where: where, at: callsite.At(where)}
	f.slow = time.AfterFunc(math.MaxInt64, func() {
		fmt.Fprintf(os.Stderr, "%s: the filter of %s, %s, has not returned for %v: until it does, no frame moves on and the test cannot end\n",
			fs.who, f.at, fs.tb.Name(), slowFilter)
	})
	f.slow.Stop() // until it runs
	fs.list = append(fs.list, f)
	if fs.hook != nil {
		fs.hook(fs.Judge)
	}
	return func() { fs.remove(f) }
}

func (fs *filters) remove(f *filter) {
	fs.mu.Lock()
	fs.list = slices.DeleteFunc(slices.Clone(fs.list), func(other *filter) bool { return other == f }) // of which Judge has the old ones
	if len(fs.list) == 0 && fs.hook != nil {
		fs.hook(nil)
	}
	fs.mu.Unlock()
	f.over.Store(true)
	if callsite.Under(thisPackage + ".(*filters).ask") { // it would wait for itself
		return
	}
	f.mu.Lock() // when it does not run
	defer f.mu.Unlock()
}

// Judge asks all filters.
func (fs *filters) Judge(f cable.Frame) cable.Verdict {
	fs.mu.Lock()
	list := fs.list
	fs.mu.Unlock()
	frame := &Frame{From: fs.ends[f.Direction], To: fs.ends[1-f.Direction], Number: int(f.Number), At: f.At, data: f.Data}
	var sum cable.Verdict
	for _, filter := range list {
		v := fs.ask(filter, frame)
		if does := v.v.Does(); does != "" {
			v.v.By = "the filter of " + filter.at
			fs.tell(filter, frame, v, does)
		}
		sum = sum.And(v.v)
		if sum.Drop {
			break
		}
		if v.v.Data != nil {
			frame.data, frame.packet = v.v.Data, nil
		}
	}
	return sum
}

// ask asks one filter, and reports how it ends if it does not return.
func (fs *filters) ask(f *filter, frame *Frame) (v Verdict) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over.Load() {
		return Pass
	}
	f.slow.Reset(slowFilter)
	returned := false
	defer func() {
		f.slow.Stop()
		if returned {
			return
		}
		f.over.Store(true)
		if panicked := recover(); panicked != nil {
			at := callsite.Panicked(thisPackage)
			fs.fail(at, fmt.Sprintf("%s: the filter of %s has panicked at %s: %v\n\n%s", fs.who, f.at, at, panicked, debug.Stack()))
			return
		}
		fs.fail(f.at, fmt.Sprintf("%s: the filter of %s has called t.FailNow, t.Fatal, t.Skip or runtime.Goexit, which are for the goroutine of the test: "+
			"call t.Error and return wire.Drop, for example", fs.who, f.at))
	}()
	v = f.judge(frame)
	returned = true
	return v
}

// fail fails the test from the goroutine of the cable. Ginkgo panics there, after it has taken the failure.
func (fs *filters) fail(at, text string) {
	defer func() { _ = recover() }()
	callsite.Error(fs.tb, at, text)
}

// Seen is [Wire.Seen] for a function that the test calls.
func (fs *filters) Seen(f *Frame) int {
	const skip = 3 // count, this function and that one
	return fs.seen.count(f, skip)
}
