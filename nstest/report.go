// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/leftover"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// How a failure is reported:
//
//  1. A group has the instances of one test. As soon as somebody knows that the test has
//     failed, the state of all of them is read: when Do ends with a failure, or when the
//     clean-up of a fixture begins; in Ginkgo, when it tells (DeferOnFailure).
//  2. The clean-up of a fixture logs what was read of it. That makes it a line of where
//     the fixture was made.
//  3. Clean-ups run in reverse order, and one between those of two fixtures may fail.
//     So the instances of a test are closed together, with the first that was made.
//
// A test that passes pays for one look at whether it failed, and whether it panics.

// readTime is how long one fixture may take to be read.
const readTime = 2 * time.Second

// A group has the instances of a test that are not closed.
type group struct {
	mu        sync.Mutex
	instances []*instance
	spec      bool // of Ginkgo, which tells of a failure before the first clean-up

	nameless map[string]int // how many were called after these kinds
}

// groups has those of plain testing.
var groups = struct {
	sync.Mutex
	of map[testing.TB]*group
}{of: make(map[testing.TB]*group)}

// ofSuite is for fixtures that are made while no spec runs, such as in BeforeSuite.
var ofSuite = group{spec: true}

func groupOf(tb testing.TB) *group {
	if _, is := tb.(*ginkgo.GinkgoTBWrapper); is {
		if s := runningSpec(); s != nil {
			return &s.group
		}
		return &ofSuite
	}
	if !reflect.ValueOf(tb).Comparable() {
		return new(group) // somebody's own, which no map can have for a key
	}
	groups.Lock()
	defer groups.Unlock()
	if groups.of[tb] == nil {
		groups.of[tb] = new(group)
	}
	return groups.of[tb]
}

// add adds an instance, which has to be released.
func (g *group) add(in *instance) {
	g.mu.Lock()
	defer g.mu.Unlock()
	in.group = g
	g.instances = append(g.instances, in)
	if in.nameless {
		if g.nameless == nil {
			g.nameless = make(map[string]int)
		}
		g.nameless[in.name]++
		if n := g.nameless[in.name]; n > 1 {
			in.name = fmt.Sprintf("%s#%d", in.name, n)
		}
	}
}

// register has the instance in its test's group until the test ends.
func (in *instance) register() {
	in.tb.Helper()
	g := groupOf(in.tb)
	g.add(in)
	if !g.spec {
		in.tb.Cleanup(func() {
			in.leaveTarget()
			in.tb.Helper()
			if err := in.release(); err != nil {
				in.tb.Errorf("nstest: %s: %v", in.name, err)
			}
		})
		return
	}
	if in.at.FileName == "" {
		in.at = types.NewCodeLocation(0)
	}
	ginkgo.DeferCleanup(func() {
		if err := in.release(); err != nil {
			ginkgo.Fail(fmt.Sprintf("nstest: %s: %v", in.name, err))
		}
	}, in.at)
}

// captureIfFailed reads the state of the test's fixtures if the test has failed. It is for whoever
// is about to change them on its own account.
func (in *instance) captureIfFailed() {
	if in.tb.Failed() || !in.group.spec && panicking() {
		in.group.capture()
	}
}

// panicking tells whether the calling goroutine is. Package testing calls a test that panics
// failed only after its clean-ups.
func panicking() bool {
	var pcs [64]uintptr
	return slices.ContainsFunc(pcs[:runtime.Callers(1, pcs[:])], func(pc uintptr) bool {
		return runtime.FuncForPC(pc-1).Name() == "runtime.gopanic"
	})
}

// release is the clean-up of an instance.
func (in *instance) release() error {
	in.tb.Helper()
	in.captureIfFailed()
	in.end()
	err := in.clear()
	for _, last := range in.group.remove(in) {
		last.log()
		err = errors.Join(err, last.close())
	}
	return err
}

// clear reports what is to be reported, and kills and names in its error what is left.
func (in *instance) clear() error {
	in.tb.Helper()
	left, err := in.leftover.Processes()
	if len(left) > 0 {
		in.group.capture()
	}
	in.captureIfFailed()
	in.log()
	return errors.Join(err, in.leftover.KillAll(left))
}

// releaseLate is what release is for an instance whose spec is over, so that nobody reports on it.
func (in *instance) releaseLate() (err error) {
	if !in.cleared {
		var left []state.Process
		left, err = in.leftover.Processes()
		err = errors.Join(err, in.leftover.KillAll(left))
	}
	in.group.remove(in)
	return errors.Join(err, in.close())
}

// remove returns the instances that are to be closed now that this one is released.
func (g *group) remove(in *instance) (done []*instance) {
	g.mu.Lock()
	defer g.mu.Unlock()
	in.released = true
	var rest []*instance
	for _, other := range g.instances {
		if other.released {
			done = append(done, other)
		} else {
			rest = append(rest, other)
		}
	}
	if len(rest) > 0 && !g.spec {
		return nil
	}
	g.instances = rest
	if len(rest) == 0 && !g.spec {
		groups.Lock()
		delete(groups.of, in.tb)
		groups.Unlock()
	}
	return done
}

// capture reads the state of all instances, once.
func (g *group) capture() {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := sets(g.instances)
	var reading sync.WaitGroup
	for _, in := range g.instances {
		if in.captured == nil && !in.set.Closed() {
			reading.Go(func() { in.captured = in.read(all, readTime) })
		}
	}
	reading.Wait()
}

// read reads the state of one of several fixtures.
func (in *instance) read(all []set.Set, limit time.Duration) *state.State {
	return state.Read(state.Subject{Set: in.own, Others: all, Usual: in.usual}, limit)
}

func sets(instances []*instance) (all []set.Set) {
	for _, in := range instances {
		all = append(all, in.own)
	}
	return all
}

// log logs what was captured, once.
func (in *instance) log() {
	in.group.mu.Lock()
	captured, before := in.captured, in.logged
	in.logged = captured != nil
	in.group.mu.Unlock()
	if captured == nil || before {
		return
	}
	in.tb.Helper()
	heading, text := in.describe("as the test failed", captured)
	if in.group.spec {
		addEntry(heading, text, in.at)
		return
	}
	in.tb.Log(heading + "\n" + text)
}

// describe says what was found, and when.
func (in *instance) describe(when string, found *state.State) (heading, text string) {
	heading = fmt.Sprintf("nstest: fixture %s %s:", in.name, when)
	for _, kind := range set.Kinds(in.set.Flags()) {
		heading += " " + idOf(in.set, kind)
	}
	return heading, cmp.Or(found.String(), "nothing that did not come with it")
}

// logAll is called when a spec has failed. An Ordered container may go on, and have its
// instances change, and fail again.
func (g *group) logAll() {
	g.mu.Lock()
	instances := g.instances
	for _, in := range instances {
		in.captured, in.logged = nil, false
	}
	g.mu.Unlock()
	g.capture()
	for _, in := range instances {
		in.log()
	}
}

// reportHere has the namespaces that this process was started in be reported as a fixture
// is.
func (c *config) reportHere(t *testing.T) {
	t.Helper()
	here, err := set.Current(c.flags)
	if err != nil {
		t.Fatalf("nstest: %v", err)
	}
	mounts, err := procfs.Mounts(procfs.Root, procfs.Self)
	in := &instance{tb: t, owner: t.Name(), name: cmp.Or(c.name, set.KindNames(c.flags)), set: here, own: here, leftover: leftover.In(here)}
	in.usual = func() ([]procfs.Mount, error) { return mounts, err }
	in.register()
	in.stayInProcess(t)
}

// usualMounts lists what is mounted in a fixture like this when a test gets it.
func (c *config) usualMounts() ([]procfs.Mount, error) {
	fresh, err := (&config{flags: c.flags & (set.NS_MNT | set.NS_NET), raw: c.raw}).newPool().Take()
	if err != nil {
		return nil, err
	}
	defer fresh.Close()
	return state.Mounts(fresh)
}
