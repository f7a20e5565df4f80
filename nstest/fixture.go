// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/onsi/ginkgo/v2/types"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// A Fixture is a Set of fresh namespaces that belongs to one test. What fails in
// one of its methods ends the test, at the caller's line.
type Fixture struct{ now atomic.Pointer[room] }

// A room is what a fixture has for the length of one test or spec.
type room struct {
	tb   testing.TB
	name string
	set  set.Set

	mu    sync.Mutex
	links *netlink.Handle

	at       types.CodeLocation // where a fixture of Ginkgo was made
	group    *group             // which guards what follows
	released bool               // its clean-up has run
	cleared  bool               // of processes, by its spec
	captured *state.State       // as the test failed
	logged   bool               // it is in the log
	reaped   usage              // of the children that were waited for before
	usual    func() ([]procfs.Mount, error)
}

// New makes a fixture with new namespaces of the kinds in flags. It is closed
// when the test and its cleanups have ended. If the test fails, its log has what
// the namespaces were like; processes that are left in them fail it.
//
// A network namespace has lo up, lets every group have ping sockets, and looks for
// no duplicates of IPv6 addresses; see [Fixture.AddAddress]. With a mount namespace
// besides, /sys shows that network namespace, and what is put into /run/netns stays
// inside. [Raw] leaves all of that out.
//
// Where the machine does not let the test have such namespaces, the test is
// skipped, with the cause and what helps; see [Require].
func New(tb testing.TB, flags int, opts ...Option) *Fixture {
	tb.Helper()
	f := new(Fixture)
	f.begin(tb, newConfig(flags, opts))
	return f
}

// begin gives the fixture a room until the test ends.
func (f *Fixture) begin(tb testing.TB, c *config) {
	tb.Helper()
	r := newRoom(tb, c)
	f.now.Store(r)
	r.register()
}

// newRoom takes a Set for a test. Where there is none to be had it ends the
// test.
func newRoom(tb testing.TB, c *config) *room {
	tb.Helper()
	s, err := c.source().take()
	if err != nil {
		unavailable(tb, c.flags, err)
	}
	name := c.name
	if name == "" {
		name = set.KindNames(c.flags)
	}
	return &room{tb: tb, name: name, set: s, at: c.at, reaped: reapedChildren(), usual: c.usualMounts}
}

func (r *room) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.links != nil {
		r.links.Close()
		r.links = nil
	}
	return r.set.Close()
}

// room returns what the fixture has now.
func (f *Fixture) room() *room {
	r := f.now.Load()
	if r == nil {
		panic("nstest: a fixture of Each has namespaces only while a spec runs: use it in nodes such as It, not in the container's body")
	}
	return r
}

// Set returns the fixture's Set. It is the fixture's to close.
func (f *Fixture) Set() set.Set { return f.room().set }

// Name returns what the fixture is called in logs.
func (f *Fixture) Name() string { return f.room().name }

// ID returns the kernel's name of one of the fixture's namespaces, such as
// net:[4026532281].
func (f *Fixture) ID(kind int) string {
	r := f.room()
	r.tb.Helper()
	id, err := r.set.ID(kind)
	if err != nil {
		r.tb.Fatalf("nstest: %s: %v", r.name, err)
	}
	return id
}

// Do runs what in the fixture's namespaces and waits for it, see [set.Set.Do].
// What fails inside fails the test: t.Fatal, require, Expect and panics all work
// there. Read /proc/thread-self there, not /proc/self: see "What a goroutine in a
// namespace sees" in the package's documentation.
func (f *Fixture) Do(what func()) {
	r := f.room()
	r.tb.Helper()
	ended := true
	defer func() {
		if ended {
			r.captureIfFailed() // nothing is cleaned up yet
		}
	}()
	err := r.set.Do(what)
	ended = false
	if err != nil {
		r.tb.Fatalf("nstest: %s: %v", r.name, err)
	}
}

// Netlink returns a netlink handle whose sockets are in the fixture's network
// namespace, so that it can be used from anywhere. It is closed with the
// fixture.
func (f *Fixture) Netlink() *netlink.Handle {
	r := f.room()
	r.tb.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.links == nil {
		err := fmt.Errorf("the fixture has no net namespace, only %s", set.KindNames(r.set.Flags()))
		if r.set.Flags()&set.NS_NET != 0 {
			if e := r.set.Do(func() { r.links, err = netlink.NewHandle() }); e != nil {
				err = e
			}
		}
		if err != nil {
			r.links = nil
			r.tb.Fatalf("nstest: %s: netlink: %v", r.name, err)
		}
	}
	return r.links
}
