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
//  1. A group has the rooms of one test. As soon as somebody knows that the test has
//     failed, the state of all of them is read: when Do ends with a failure, or when the
//     clean-up of a fixture begins; in Ginkgo, when it tells (DeferOnFailure).
//  2. The clean-up of a fixture logs what was read of it. That makes it a line of where
//     the fixture was made.
//  3. Clean-ups run in reverse order, and one between those of two fixtures may fail.
//     So the rooms of a test are closed together, with the first that was made.
//
// A test that passes pays for one look at whether it failed, and whether it panics.

// readTime is how long one fixture may take to be read.
const readTime = 2 * time.Second

// A group has the rooms of a test that are not closed.
type group struct {
	mu    sync.Mutex
	rooms []*room
	spec  bool // of Ginkgo, which tells of a failure before the first clean-up

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

// add adds a room, which has to be released.
func (g *group) add(r *room) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r.group = g
	g.rooms = append(g.rooms, r)
	if r.nameless {
		if g.nameless == nil {
			g.nameless = make(map[string]int)
		}
		g.nameless[r.name]++
		if n := g.nameless[r.name]; n > 1 {
			r.name = fmt.Sprintf("%s#%d", r.name, n)
		}
	}
}

// register has the room in its test's group until the test ends.
func (r *room) register() {
	r.tb.Helper()
	g := groupOf(r.tb)
	g.add(r)
	if !g.spec {
		r.tb.Cleanup(func() {
			r.leaveTarget()
			r.tb.Helper()
			if err := r.release(); err != nil {
				r.tb.Errorf("nstest: %s: %v", r.name, err)
			}
		})
		return
	}
	if r.at.FileName == "" {
		r.at = types.NewCodeLocation(0)
	}
	ginkgo.DeferCleanup(func() {
		if err := r.release(); err != nil {
			ginkgo.Fail(fmt.Sprintf("nstest: %s: %v", r.name, err))
		}
	}, r.at)
}

// captureIfFailed reads the state of the test's fixtures if the test has failed. It is for whoever
// is about to change them on its own account.
func (r *room) captureIfFailed() {
	if r.tb.Failed() || !r.group.spec && panicking() {
		r.group.capture()
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

// release is the clean-up of a room.
func (r *room) release() error {
	r.tb.Helper()
	r.captureIfFailed()
	r.end()
	err := r.clear()
	for _, last := range r.group.remove(r) {
		last.log()
		err = errors.Join(err, last.close())
	}
	return err
}

// clear reports what is to be reported, and kills and names in its error what is left.
func (r *room) clear() error {
	r.tb.Helper()
	left, err := r.leftover.Processes()
	if len(left) > 0 {
		r.group.capture()
	}
	r.captureIfFailed()
	r.log()
	return errors.Join(err, r.leftover.KillAll(left))
}

// releaseLate is what release is for a room whose spec is over, so that nobody reports on it.
func (r *room) releaseLate() (err error) {
	if !r.cleared {
		var left []state.Process
		left, err = r.leftover.Processes()
		err = errors.Join(err, r.leftover.KillAll(left))
	}
	r.group.remove(r)
	return errors.Join(err, r.close())
}

// remove returns the rooms that are to be closed now that this one is released.
func (g *group) remove(r *room) (done []*room) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r.released = true
	var rest []*room
	for _, other := range g.rooms {
		if other.released {
			done = append(done, other)
		} else {
			rest = append(rest, other)
		}
	}
	if len(rest) > 0 && !g.spec {
		return nil
	}
	g.rooms = rest
	if len(rest) == 0 && !g.spec {
		groups.Lock()
		delete(groups.of, r.tb)
		groups.Unlock()
	}
	return done
}

// capture reads the state of all rooms, once.
func (g *group) capture() {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := sets(g.rooms)
	var reading sync.WaitGroup
	for _, r := range g.rooms {
		if r.captured == nil && !r.set.Closed() {
			reading.Go(func() { r.captured = r.read(all, readTime) })
		}
	}
	reading.Wait()
}

// read reads the state of one of several fixtures.
func (r *room) read(all []set.Set, limit time.Duration) *state.State {
	return state.Read(state.Subject{Set: r.own, Others: all, Usual: r.usual}, limit)
}

func sets(rooms []*room) (all []set.Set) {
	for _, r := range rooms {
		all = append(all, r.own)
	}
	return all
}

// log logs what was captured, once.
func (r *room) log() {
	r.group.mu.Lock()
	captured, before := r.captured, r.logged
	r.logged = captured != nil
	r.group.mu.Unlock()
	if captured == nil || before {
		return
	}
	r.tb.Helper()
	heading, text := r.describe("as the test failed", captured)
	if r.group.spec {
		addEntry(heading, text, r.at)
		return
	}
	r.tb.Log(heading + "\n" + text)
}

// describe says what was found, and when.
func (r *room) describe(when string, found *state.State) (heading, text string) {
	heading = fmt.Sprintf("nstest: fixture %s %s:", r.name, when)
	for _, kind := range set.Kinds(r.set.Flags()) {
		heading += " " + idOf(r.set, kind)
	}
	return heading, cmp.Or(found.String(), "nothing that did not come with it")
}

// logAll is called when a spec has failed. An Ordered container may go on, and have its
// rooms change, and fail again.
func (g *group) logAll() {
	g.mu.Lock()
	rooms := g.rooms
	for _, r := range rooms {
		r.captured, r.logged = nil, false
	}
	g.mu.Unlock()
	g.capture()
	for _, r := range rooms {
		r.log()
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
	r := &room{tb: t, owner: t.Name(), name: cmp.Or(c.name, set.KindNames(c.flags)), set: here, own: here, leftover: leftover.In(here)}
	r.usual = func() ([]procfs.Mount, error) { return mounts, err }
	r.register()
	r.stayInProcess(t)
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
