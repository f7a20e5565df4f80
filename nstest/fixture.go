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
	now atomic.Pointer[instance]
	tb  testing.TB // of For, otherwise the instance's is meant
}

// An instance is what a fixture has for the length of one test or spec.
type instance struct {
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
	whole *instance         // with the Sets of those around it, see Here
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

// begin gives the fixture an instance until the test ends.
func (f *Fixture) begin(tb testing.TB, c *config) {
	tb.Helper()
	in := newInstance(tb, c)
	f.now.Store(in)
	in.guardWorkDir()
	in.register()
}

// newRoom takes a Set for a test. Where there is none to be had it ends the
// test.
func newInstance(tb testing.TB, c *config) *instance {
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
	return &instance{tb: tb, owner: tb.Name(), name: name, nameless: nameless, set: all, own: own, at: c.at, leftover: leftover.In(own), usual: c.usualMounts}
}

func (in *instance) close() (err error) {
	in.end()
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.links != nil {
		in.links.Close()
		in.links = nil
	}
	if in.netns != nil {
		err = in.netns.Close()
		in.netns = nil
	}
	if in.whole != nil {
		err = errors.Join(err, in.whole.close())
	}
	return errors.Join(err, in.set.Close(), in.own.Close())
}

// end does what is to be done at the end.
func (in *instance) end() {
	in.mu.Lock()
	ends := in.ends
	in.ends = nil
	in.mu.Unlock()
	for _, f := range slices.Backward(ends) {
		f()
	}
}

// Set returns the fixture's Set, which is closed when the test has ended. It is the fixture's
// to close.
func (f *Fixture) Set() set.Set {
	in := f.now.Load()
	if in == nil {
		tb := f.reporter()
		tb.Helper()
		in = f.made(tb)
	}
	return in.set
}

// Name returns what the fixture is called in logs.
func (f *Fixture) Name() string {
	in := f.now.Load()
	if in == nil {
		tb := f.reporter()
		tb.Helper()
		in = f.made(tb)
	}
	return in.name
}

// ID returns the kernel's name of one of the fixture's namespaces, such as
// net:[4026532281].
func (f *Fixture) ID(kind int) string {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	id, err := in.set.ID(kind)
	if err != nil {
		tb.Fatalf("nstest: %s: %v", in.name, err)
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
	in := f.instance(tb)
	in.checkWorkDir(tb)
	ended := true
	defer func() {
		if ended {
			in.captureIfFailed() // nothing is cleaned up yet
		}
	}()
	panicked, err := in.do(what)
	if panicked != nil {
		panic(panicked) // from here, so that whoever reports it sees the caller's line next
	}
	ended = false
	if err != nil {
		tb.Fatalf("nstest: %s: %v", in.name, err)
	}
}

// do catches what Do panics with.
func (in *instance) do(what func()) (panicked any, err error) {
	defer func() { panicked = recover() }()
	return nil, in.set.Do(what)
}

// Netlink returns a netlink handle whose sockets are in the fixture's network
// namespace, so that it can be used from anywhere. It is closed with the
// fixture.
func (f *Fixture) Netlink() *netlink.Handle {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.links == nil {
		err := fmt.Errorf("the fixture has no net namespace, only %s", set.KindNames(in.set.Flags()))
		if in.set.Flags()&set.NS_NET != 0 {
			if e := in.set.Do(func() { in.links, err = netlink.NewHandle() }); e != nil {
				err = e
			}
		}
		if err != nil {
			in.links = nil
			tb.Fatalf("nstest: %s: netlink: %v", in.name, err)
		}
	}
	return in.links
}
