// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/onsi/ginkgo/v2/types"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/leftover"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/workdir"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// A Fixture is a Set of fresh namespaces that belongs to one test. What fails in
// one of its methods ends the test, at the caller's line. In a subtest, and in a fuzz
// target, [Fixture.For] says which test that is.
//
// It is of no use once its test has ended. A method that is called then says whose it was:
// it fails the test around, if nstest knows that one, and panics otherwise.
type Fixture struct {
	now atomic.Pointer[room]
	tb  testing.TB // of For, otherwise the room's is meant
}

// A room is what a fixture has for the length of one test or spec.
type room struct {
	tb       testing.TB
	owner    string // the name of the test
	name     string
	nameless bool // and so called after its kinds
	set      set.Set
	own      set.Set // what of it is not shared with other fixtures: it is reported on, and cleared of processes
	leftover leftover.Namespaces

	mu    sync.Mutex
	links *netlink.Handle
	netns *os.File          // the network namespace, see NetNS
	files map[string]string // path inside to the file that is mounted there
	whole *room             // with the Sets of those around it, see Here
	ends  []func()          // what is to be done at the end, and could be no clean-up of tb

	workDir workdir.Dir // as the test began

	at       types.CodeLocation // where a fixture of Ginkgo was made
	group    *group             // which guards what follows
	released bool               // its clean-up has run
	cleared  bool               // of processes, by its spec
	captured *state.State       // as the test failed
	logged   bool               // it is in the log
	usual    func() ([]procfs.Mount, error)
}

// New makes a fixture with new namespaces of the kinds in flags. It is closed
// when the test and its cleanups have ended. If the test fails, its log has what
// the namespaces were like; processes that are left in them fail it.
//
// A network namespace has lo up, lets every group have ping sockets, looks for
// no duplicates of IPv6 addresses (see [Fixture.AddAddress]), and has the kernel's own
// IPv4 settings, whatever the host has set. With a mount namespace
// besides, /sys shows that network namespace, and what is put into /run/netns stays
// inside. [Raw] leaves all of that out. What of it but lo cannot be had, as in some
// containers, the fixture goes without; a line on standard error says so once.
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
	r.guardWorkDir()
	r.register()
}

// newRoom takes a Set for a test. Where there is none to be had it ends the
// test.
func newRoom(tb testing.TB, c *config) *room {
	tb.Helper()
	noteVariables()
	own, err := c.pool().Take()
	if err != nil {
		if c.at.FileName != "" { // the place of the failure is in here
			err = fmt.Errorf("the fixture of %v: %w", c.at, err)
		}
		unavailable(tb, c.flags, err)
	}
	name, nameless := c.name, c.name == ""
	if nameless {
		name = set.KindNames(c.flags)
	}
	all, err := c.share(own)
	if err != nil {
		tb.Fatalf("nstest: %s: %v", name, errors.Join(err, own.Close()))
	}
	return &room{tb: tb, owner: tb.Name(), name: name, nameless: nameless, set: all, own: own, at: c.at, leftover: leftover.In(own), usual: c.usualMounts}
}

func (r *room) close() (err error) {
	r.end()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.links != nil {
		r.links.Close()
		r.links = nil
	}
	if r.netns != nil {
		err = r.netns.Close()
		r.netns = nil
	}
	if r.whole != nil {
		err = errors.Join(err, r.whole.close())
	}
	return errors.Join(err, r.set.Close(), r.own.Close())
}

// end does what is to be done at the end.
func (r *room) end() {
	r.mu.Lock()
	ends := r.ends
	r.ends = nil
	r.mu.Unlock()
	for _, f := range slices.Backward(ends) {
		f()
	}
}

// Set returns the fixture's Set, which is closed when the test has ended. It is the fixture's
// to close.
func (f *Fixture) Set() set.Set {
	r := f.now.Load()
	if r == nil {
		tb := f.reporter()
		tb.Helper()
		r = f.made(tb)
	}
	return r.set
}

// Name returns what the fixture is called in logs.
func (f *Fixture) Name() string {
	r := f.now.Load()
	if r == nil {
		tb := f.reporter()
		tb.Helper()
		r = f.made(tb)
	}
	return r.name
}

// ID returns the kernel's name of one of the fixture's namespaces, such as
// net:[4026532281].
func (f *Fixture) ID(kind int) string {
	tb := f.reporter()
	tb.Helper()
	r := f.room(tb)
	id, err := r.set.ID(kind)
	if err != nil {
		tb.Fatalf("nstest: %s: %v", r.name, err)
	}
	return id
}

// Do runs what in the fixture's namespaces and waits for it, see [set.Set.Do].
// What fails inside fails the test: t.Fatal, require, Expect and panics all work
// there. In a mount namespace the working directory is kept, and must not be changed by
// t.Chdir: see [set.Set.Do]. Read /proc/thread-self there, not /proc/self: see "What a goroutine in a
// namespace sees" in the package's documentation.
func (f *Fixture) Do(what func()) {
	tb := f.reporter()
	tb.Helper()
	r := f.room(tb)
	r.checkWorkDir(tb)
	ended := true
	defer func() {
		if ended {
			r.captureIfFailed() // nothing is cleaned up yet
		}
	}()
	panicked, err := r.do(what)
	if panicked != nil {
		panic(panicked) // from here, so that whoever reports it sees the caller's line next
	}
	ended = false
	if err != nil {
		tb.Fatalf("nstest: %s: %v", r.name, err)
	}
}

// do catches what Do panics with.
func (r *room) do(what func()) (panicked any, err error) {
	defer func() { panicked = recover() }()
	return nil, r.set.Do(what)
}

// Netlink returns a netlink handle whose sockets are in the fixture's network
// namespace, so that it can be used from anywhere. It is closed with the
// fixture.
func (f *Fixture) Netlink() *netlink.Handle {
	tb := f.reporter()
	tb.Helper()
	r := f.room(tb)
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
			tb.Fatalf("nstest: %s: netlink: %v", r.name, err)
		}
	}
	return r.links
}
