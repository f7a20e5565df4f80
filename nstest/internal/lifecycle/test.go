// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A failure is what is known of the failure of a test, see the package's documentation.
type failure uint8

const (
	running failure = iota
	reading
	failed
)

// A Test has the instances of a test that are not closed, in the order in which they were made.
type Test struct {
	tb     testing.TB // nil for Ginkgo's
	listed bool       // in tests

	mu        sync.Mutex
	wasRead   *sync.Cond // reading is over
	failure   failure
	attempt   attempt // of Ginkgo's spec, that the failure is of
	noticed   time.Time
	instances []*Instance
	shown     int // how many were read
	omitted   int // and how many were not
}

func newTest(tb testing.TB) *Test {
	t := &Test{tb: tb}
	t.wasRead = sync.NewCond(&t.mu)
	return t
}

// tests has those of plain testing.
var tests = struct {
	sync.Mutex
	of map[testing.TB]*Test
}{of: make(map[testing.TB]*Test)}

// Of returns the test of a testing.TB.
func Of(tb testing.TB) *Test {
	if IsGinkgo(tb) {
		return specs
	}
	if !reflect.ValueOf(tb).Comparable() {
		return newTest(tb) // somebody's own, which no map can have for a key
	}
	tests.Lock()
	defer tests.Unlock()
	if tests.of[tb] == nil {
		tests.of[tb] = newTest(tb)
		tests.of[tb].listed = true
	}
	return tests.of[tb]
}

// Around returns the innermost test around the one with that name that has a fixture,
// and so has not ended.
func Around(name string) (around testing.TB) {
	tests.Lock()
	defer tests.Unlock()
	for tb := range tests.of {
		if strings.HasPrefix(name, tb.Name()+"/") && (around == nil || len(tb.Name()) > len(around.Name())) {
			around = tb
		}
	}
	return around
}

// Fail has the test fail, and those around it, and reports whether it still runs.
func Fail(tb testing.TB) (runs bool) {
	if IsGinkgo(tb) {
		return true // it stands for the spec that runs now
	}
	defer func() { runs = recover() == nil }()
	tb.Fail() // panics if the test has ended, when those around have failed
	return true
}

// Failed reports whether a test has failed, or is about to: the calling goroutine, which is the test's,
// panics.
func Failed(tb testing.TB) bool { return tb.Failed() || !IsGinkgo(tb) && panicking() }

// Failed reports whether the test has failed, or the calling goroutine panics.
func (t *Test) Failed() bool {
	if t.tb == nil {
		return ginkgo.CurrentSpecReport().Failed()
	}
	return Failed(t.tb)
}

// panicking reports whether the calling goroutine is. Package testing calls a test that panics
// failed only after its clean-ups.
func panicking() bool {
	var pcs [64]uintptr
	return slices.ContainsFunc(pcs[:runtime.Callers(1, pcs[:])], func(pc uintptr) bool {
		return runtime.FuncForPC(pc-1).Name() == "runtime.gopanic"
	})
}

// NeedTest panics, with a message, where the function of that name was given no test that it could fail.
func NeedTest(tb testing.TB, function string) {
	if v := reflect.ValueOf(tb); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		panic(function + ": the testing.TB is nil: give it the test that runs, such as t or ginkgo.GinkgoTB()")
	}
	if t, is := tb.(*testing.T); is && t.Name() == "" { // its FailNow would end TestMain, and the process wait for ever
		panic(function + ": the *testing.T was not made by package testing: give it the test that runs, of which there is none in TestMain")
	}
}

// TB returns the test, or nil in Ginkgo.
func (t *Test) TB() testing.TB { return t.tb }

// Noticed returns when it was noticed that the test has failed, before anything was read.
func (t *Test) Noticed() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.noticed
}

// Instances returns those that are not closed, in the order in which they were made.
func (t *Test) Instances() []*Instance {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.instances)
}

// Find returns the instance with that Set, or nil.
func (t *Test) Find(s set.Set) *Instance {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, in := range slices.Backward(t.instances) { // who asks has just made it
		if in.Set == s {
			return in
		}
	}
	return nil
}

// Begin has the instance in its test until that ends.
func (in *Instance) Begin() {
	in.TB.Helper()
	t := Of(in.TB)
	t.Keep(in)
	if t.tb == nil {
		in.beginInGinkgo()
		return
	}
	in.TB.Cleanup(func() {
		in.Leave()
		in.TB.Helper()
		if err := in.release(); err != nil {
			in.TB.Errorf("nstest: %s: %v", in.Name, err)
		}
	})
}

// Keep adds an instance, which somebody has to release.
func (t *Test) Keep(in *Instance) {
	if t.tb == nil {
		attachProgressReporter()
	}
	t.add(in)
	in.TB.Helper() // what an observer logs in a clean-up has the line where the fixture was made
	for _, o := range currentObservers() {
		(*o).Began(in)
	}
}

func (t *Test) add(in *Instance) {
	t.mu.Lock()
	defer t.mu.Unlock()
	in.test = t
	if in.Nameless {
		kinds := in.Name
		for n := 2; slices.ContainsFunc(t.instances, func(other *Instance) bool { return other.Name == in.Name }); n++ {
			in.Name = fmt.Sprintf("%s#%d", kinds, n)
		}
	}
	t.instances = append(t.instances, in)
}

// most is how many instances of a test are reported on, at least: those that were made first.
const most = 16

// noteFailure reads the state of the instances that have not been read, and of the given one in any case.
// Observers are told when that is done for the first time.
func (t *Test) noteFailure(inAnyCase *Instance) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.failure == reading {
		t.wasRead.Wait()
	}
	if t.tb == nil {
		t.beginAttempt()
	}
	first := t.failure == running
	due := t.due(inAnyCase)
	if len(due) == 0 && !first {
		return
	}
	t.failure = reading
	if first {
		t.noticed = time.Now()
	}
	all := sets(t.instances)
	t.mu.Unlock()
	found := make([]*state.State, len(due))
	defer func() {
		t.mu.Lock()
		t.failure = failed
		t.wasRead.Broadcast()
	}()
	var readers sync.WaitGroup
	for i, in := range due {
		readers.Go(func() { found[i] = in.read(all, readTime) })
	}
	readers.Wait()
	t.mu.Lock()
	for i, in := range due {
		in.evidence, in.found = read, found[i]
	}
	t.mu.Unlock()
	if first {
		observe(func(o Observer) { o.Failed(t) })
	}
}

// due returns the instances that are to be read. The lock is held.
func (t *Test) due(inAnyCase *Instance) (due []*Instance) {
	for _, in := range t.instances {
		switch {
		case in.evidence == omitted && in == inAnyCase:
			t.omitted--
		case in.evidence != unread || in.silent || in.Set.Closed():
			continue
		case t.shown >= most && in != inAnyCase:
			in.evidence = omitted
			t.omitted++
			continue
		}
		t.shown++
		due = append(due, in)
	}
	return due
}

func sets(instances []*Instance) (all []set.Set) {
	for _, in := range instances {
		all = append(all, in.Own)
	}
	return all
}

// release returns the instances that are to be closed now that this one is released.
func (t *Test) release(in *Instance) (done []*Instance) {
	t.mu.Lock()
	defer t.mu.Unlock()
	in.advance(released)
	if t.tb == nil {
		done = []*Instance{in}
	} else if done = t.instances; slices.ContainsFunc(done, func(other *Instance) bool { return other.phase < released }) {
		return nil
	}
	t.instances = slices.DeleteFunc(slices.Clone(t.instances), func(in *Instance) bool { return in.phase == released })
	if t.listed {
		tests.Lock()
		delete(tests.of, t.tb)
		tests.Unlock()
	}
	return done
}

// close logs and closes instances that are released.
func (t *Test) close(done []*Instance) (err error) {
	if len(done) == 0 {
		return nil
	}
	observe(func(o Observer) { o.Ended(t, done) })
	for _, in := range done {
		in.TB.Helper()
		in.log()
		in.logNotes()
		t.mu.Lock()
		in.advance(closed)
		t.mu.Unlock()
		err = errors.Join(err, in.Close())
	}
	return err
}
