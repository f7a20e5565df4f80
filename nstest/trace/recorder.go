// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/evidence"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/journal"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracefile"
)

// A recorder writes down what happens in a test.
type recorder struct {
	tb    testing.TB
	dir   string
	file  *tracefile.Writer
	began time.Time
	test  tracedata.Test // as it began

	network *network

	mu        sync.Mutex // guards what follows
	hasFailed bool
	failed    int64  // when, first
	failing   int64  // when that was heard, whose message is not complete yet, or 0
	message   string // of the first failure
	where     tracedata.Place
	seed      string

	log testLog // of a plain test

	hasNetwork atomic.Bool // the test has a fixture with a network
	said       bool        // where the trace will be; of clean-ups
}

// newRecorder begins the file of a test.
func newRecorder(tb testing.TB) (*recorder, error) {
	dir, err := evidence.Folder(tb)
	if err != nil {
		return nil, err
	}
	file, err := tracefile.Create(filepath.Join(dir, tracefile.Name))
	if err != nil {
		return nil, errors.Join(err, evidence.Discard(dir))
	}
	r := &recorder{tb: tb, dir: dir, file: file, began: time.Now()}
	r.network = newNetwork(r)
	r.test = tracedata.Test{
		Name: tb.Name(), Package: evidence.Package(), Verdict: tracedata.Unfinished, Began: r.began,
		Kernel: kernel(), Go: runtime.Version(), Rootless: isRootless(), Again: again(tb),
	}
	file.Add(tracefile.Record{Test: &r.test})
	return r, nil
}

// kernel is the release of the running one.
func kernel() string {
	text, _ := os.ReadFile(procfs.Root + "/sys/kernel/osrelease") // it is only for people
	return strings.TrimSpace(string(text))
}

// isRootless reports whether the tests run in a user namespace, which has fewer IDs than there are.
func isRootless() bool {
	const all = 1<<32 - 1
	ids, err := procfs.UIDMap(procfs.Root, procfs.Self)
	return err == nil && (len(ids) != 1 || ids[0].Count != all)
}

// again is the command that runs the test again.
func again(tb testing.TB) string {
	if lifecycle.IsGinkgo(tb) {
		return fmt.Sprintf("go test -count=1 %s -ginkgo.focus %s", evidence.Package(), quoted("^"+regexp.QuoteMeta(tb.Name())+"$"))
	}
	var names []string
	for name := range strings.SplitSeq(tb.Name(), "/") {
		names = append(names, "^"+regexp.QuoteMeta(name)+"$")
	}
	return fmt.Sprintf("go test -count=1 -run %s %s", quoted(strings.Join(names, "/")), evidence.Package())
}

// quoted quotes for a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// at returns when that is, since the test began.
func (r *recorder) at(t time.Time) int64 { return max(0, t.Sub(r.began).Nanoseconds()) }

// hear takes what the journal tells.
func (r *recorder) hear(e journal.Entry) {
	switch {
	case e.NewNode != nil:
		r.file.Add(tracefile.Record{Node: e.NewNode})
	case e.NewLink != nil:
		r.network.declare(e.NewLink)
		r.file.Add(tracefile.Record{Link: e.NewLink})
	case e.Seed != "":
		r.mu.Lock()
		r.seed = e.Seed
		r.mu.Unlock()
		r.file.Add(tracefile.Record{Test: r.known()})
	default:
		event := e.Event
		event.At = r.at(e.Time)
		r.file.Add(tracefile.Record{Event: &event})
	}
}

// fail adds a failure of the test.
func (r *recorder) fail(at int64, message string, where tracedata.Place) {
	message = withoutTitles(message)
	r.mu.Lock()
	if !r.hasFailed {
		r.hasFailed, r.failed, r.message, r.where = true, at, message, where
	}
	r.mu.Unlock()
	r.file.Add(tracefile.Record{Test: r.known()})
	r.file.Add(tracefile.Record{Event: &tracedata.Event{
		At: at, Lane: tracedata.TestLane, Kind: "failure", Text: headline(message), Where: where, Bad: true,
	}})
}

// known returns what is known of the test by now. It is written down each time, for a process that is killed.
func (r *recorder) known() *tracedata.Test {
	r.mu.Lock()
	defer r.mu.Unlock()
	test := r.test
	test.Message, test.Where, test.Seed = r.message, r.where, r.seed
	if test.Seed != "" {
		test.Again = "NSTEST_SEED=" + test.Seed + " " + test.Again
	}
	return &test
}

// soon is how long after a failure the network is what it was then. What the kernel does not tell of, such as an
// address that it asks after in vain, is found only by looking.
const soon = time.Second

// failedAt returns when the first failure was, or if none is known now.
func (r *recorder) failedAt() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.hasFailed:
		return r.failed
	case r.failing > 0:
		return r.failing
	}
	return r.at(time.Now())
}

// noteFailing notes that the test has just failed.
func (r *recorder) noteFailing(at int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failing == 0 {
		r.failing = max(at, 1)
	}
}

// noteFailure is called when the test has failed, before its clean-ups.
func (r *recorder) noteFailure(t *lifecycle.Test) {
	r.lookAtLog()
	r.notePanic()
	at := t.Noticed() // reading the state of many fixtures takes its time
	failed := r.began.Add(time.Duration(r.failedAt()))
	if t.TB() == nil {
		failed = ginkgo.CurrentSpecReport().Failure.TimelineLocation.Time
	}
	if at.Sub(failed) < soon {
		at = failed
	}
	r.network.look(at)
	for _, in := range t.Instances() {
		found := in.Found()
		if found == nil {
			continue
		}
		for _, change := range found.Finds() {
			r.network.add(in.Node(), at, change)
		}
	}
	if t.TB() == nil {
		r.network.over.Store(true)
	}
}

// hangs is called when the process ends in a moment, which leaves no time for anything else.
func (r *recorder) hangs(t *lifecycle.Test) {
	r.lookAtLog()
	r.network.look(time.Now())
	r.fail(r.at(time.Now()), "The test hangs: the time of -test.timeout is nearly over.", tracedata.Place{})
	fmt.Fprintf(os.Stderr, "nstest: a trace of %s is made by: gonso trace %s\n", r.test.Name, r.dir)
}

// end finishes the file, and makes the page or removes all.
func (r *recorder) end(verdict tracedata.Verdict) {
	if err := r.network.close(); err != nil {
		r.file.Add(tracefile.Record{Omitted: fmt.Sprintf("What the network did is not complete: %v.", err)})
	}
	test := r.known()
	test.Verdict, test.Duration = verdict, r.at(time.Now())
	r.file.Add(tracefile.Record{Test: test})
	err := r.file.Close()
	if r.keeps(verdict) {
		r.finish(errors.Join(err, makePage(r.dir)))
		return
	}
	if err := errors.Join(os.Remove(filepath.Join(r.dir, tracefile.Name)), evidence.Discard(r.dir)); err != nil {
		complain(r.tb, err)
	}
}

// keeps reports whether there is to be a trace of a test that ends like that.
func (r *recorder) keeps(verdict tracedata.Verdict) bool {
	return mode == evidence.Always || verdict == tracedata.Failed
}

func (r *recorder) finish(err error) {
	if err != nil {
		complain(r.tb, fmt.Errorf("%w; what there is, is in %s", err, r.dir))
	}
}
