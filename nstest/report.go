// SPDX-License-Identifier: Apache-2.0

package nstest

import (
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
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// How a failure is reported:
//
//  1. A house has the rooms of one test. As soon as somebody knows that the test has
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

// A house has the rooms of a test that are not closed.
type house struct {
	mu    sync.Mutex
	rooms []*room
	spec  bool // of Ginkgo, which tells of a failure before the first clean-up
}

// houses has those of plain testing.
var houses = struct {
	sync.Mutex
	of map[testing.TB]*house
}{of: make(map[testing.TB]*house)}

// ofSuite is for fixtures that are made while no spec runs, such as in BeforeSuite.
var ofSuite = house{spec: true}

func houseOf(tb testing.TB) *house {
	if _, is := tb.(*ginkgo.GinkgoTBWrapper); is {
		if s := runningSpec(); s != nil {
			return &s.house
		}
		return &ofSuite
	}
	if !reflect.ValueOf(tb).Comparable() {
		return new(house) // somebody's own, which no map can have for a key
	}
	houses.Lock()
	defer houses.Unlock()
	if houses.of[tb] == nil {
		houses.of[tb] = new(house)
	}
	return houses.of[tb]
}

// take lets a room in. Each that is let in has to leave.
func (h *house) take(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.house = h
	h.rooms = append(h.rooms, r)
}

// inhabit has the room in its test's house until the test ends.
func (r *room) inhabit() {
	r.tb.Helper()
	h := houseOf(r.tb)
	h.take(r)
	if !h.spec {
		r.tb.Cleanup(func() {
			r.tb.Helper()
			if err := r.leave(); err != nil {
				r.tb.Errorf("nstest: %s: %v", r.name, err)
			}
		})
		return
	}
	if r.at.FileName == "" {
		r.at = types.NewCodeLocation(0)
	}
	ginkgo.DeferCleanup(func() {
		if err := r.leave(); err != nil {
			ginkgo.Fail(fmt.Sprintf("nstest: %s: %v", r.name, err))
		}
	}, r.at)
}

// attest reads the state of the test's fixtures if the test has failed. It is for whoever
// is about to change them without having been told to.
func (r *room) attest() {
	if r.tb.Failed() || !r.house.spec && panicking() {
		r.house.witness()
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

// leave is the clean-up of a room.
func (r *room) leave() error {
	r.tb.Helper()
	err := r.clear()
	for _, last := range r.house.vacate(r) {
		last.tell()
		err = errors.Join(err, last.close())
	}
	return err
}

// clear reports what is to be reported, and kills and names in its error what is left.
func (r *room) clear() error {
	r.tb.Helper()
	left, err := r.leftProcesses()
	if len(left) > 0 {
		r.house.witness()
	}
	r.attest()
	r.tell()
	return errors.Join(err, r.killAll(left))
}

// evict is what leave is for a room whose spec is over, so that nobody reports on it.
func (r *room) evict() (err error) {
	if !r.cleared {
		var left []state.Process
		left, err = r.leftProcesses()
		err = errors.Join(err, r.killAll(left))
	}
	r.house.vacate(r)
	return errors.Join(err, r.close())
}

// vacate returns the rooms that are to be closed now that this one has been left.
func (h *house) vacate(r *room) (done []*room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.empty = true
	var rest []*room
	for _, other := range h.rooms {
		if other.empty {
			done = append(done, other)
		} else {
			rest = append(rest, other)
		}
	}
	if len(rest) > 0 && !h.spec {
		return nil
	}
	h.rooms = rest
	if len(rest) == 0 && !h.spec {
		houses.Lock()
		delete(houses.of, r.tb)
		houses.Unlock()
	}
	return done
}

// witness reads the state of all rooms, once.
func (h *house) witness() {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []set.Set
	for _, r := range h.rooms {
		all = append(all, r.set)
	}
	var reading sync.WaitGroup
	for _, r := range h.rooms {
		if r.evidence == nil {
			reading.Go(func() { r.evidence = state.Read(state.Subject{Set: r.set, Others: all, Usual: r.usual}, readTime) })
		}
	}
	reading.Wait()
}

// tell logs what was witnessed.
func (r *room) tell() {
	r.house.mu.Lock()
	evidence := r.evidence
	if r.told {
		evidence = nil
	}
	r.told = r.evidence != nil
	r.house.mu.Unlock()
	if evidence == nil {
		return
	}
	r.tb.Helper()
	text := evidence.String()
	if text == "" {
		text = "nothing that did not come with it"
	}
	heading := fmt.Sprintf("nstest: fixture %s as the test failed:", r.name)
	for _, kind := range set.Kinds(r.set.Flags()) {
		heading += " " + idOf(r.set, kind)
	}
	if r.house.spec {
		addEntry(heading, text, r.at)
		return
	}
	r.tb.Log(heading + "\n" + text)
}

// tellAll is called when a spec has failed. An Ordered container may go on, and have its
// rooms change, and fail again.
func (h *house) tellAll() {
	h.mu.Lock()
	rooms := h.rooms
	for _, r := range rooms {
		r.evidence, r.told = nil, false
	}
	h.mu.Unlock()
	h.witness()
	for _, r := range rooms {
		r.tell()
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
	r := &room{tb: t, name: set.KindNames(c.flags), set: here, reaped: reapedChildren()}
	r.usual = func() ([]procfs.Mount, error) { return mounts, err }
	r.inhabit()
}

// usualMounts lists what is mounted in a fixture like this when a test gets it.
func (c *config) usualMounts() ([]procfs.Mount, error) {
	fresh, err := newSource(&config{flags: c.flags & (set.NS_MNT | set.NS_NET), raw: c.raw}).pool.Get()
	if err != nil {
		return nil, err
	}
	defer fresh.Close()
	return state.Mounts(fresh)
}
