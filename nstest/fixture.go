// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// A Fixture is a Set of fresh namespaces that belongs to one test. What fails in one of its methods ends the
// test, at the caller's line. In a subtest or a fuzz target, say by [Fixture.For] which test that is.
//
// Do not use it once its test has ended. A method that is called then fails the enclosing test, if nstest knows
// that one, and panics otherwise; the message names the test that the fixture belonged to.
type Fixture struct {
	now atomic.Pointer[instance]
	tb  testing.TB // of For, otherwise the instance's is meant
}

// New makes a fixture with new namespaces of the kinds in flags. It is closed when the test and its cleanups
// have ended. If the test fails, its log has the state of the namespaces. Processes that are left in them make
// it fail.
//
// In a network namespace lo is up, all groups may open ping sockets, the kernel does not look for duplicates of
// IPv6 addresses (see [Fixture.AddAddress]), and IPv4 settings are the kernel's own, whatever the host has set.
// With a mount namespace besides, /sys shows that network namespace, and what is mounted in /run/netns stays
// inside. [Raw] leaves all of that out. Where some of that is not possible, other than lo, as in some
// containers, the fixture does without it, and a line on standard error says so once.
//
// Where the machine does not let the test have such namespaces, the test is
// skipped, with the cause and what helps; see [Require].
func New(tb testing.TB, flags int, opts ...Option) *Fixture {
	needTest(tb, "New")
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
	in.Begin()
}

// Set returns the fixture's Set, which the fixture closes when the test has ended: do not close it.
func (f *Fixture) Set() set.Set {
	in := f.load()
	if in == nil {
		tb := f.reporter()
		tb.Helper()
		in = f.made(tb)
	}
	return in.Set
}

// String is such as "client Set(net:[4026532281])": the name and the Set. It is for messages.
func (f *Fixture) String() string {
	in := f.load()
	switch {
	case f == nil:
		return "<nil>"
	case in == nil:
		return "without namespaces, since no spec runs"
	}
	return in.Name + " " + in.Set.String()
}

// load returns what the fixture has, or nil if it has nothing, or there is none.
func (f *Fixture) load() *instance {
	if f == nil {
		return nil
	}
	return f.now.Load()
}

// Name returns what the fixture is called in logs.
func (f *Fixture) Name() string {
	in := f.load()
	if in == nil {
		tb := f.reporter()
		tb.Helper()
		in = f.made(tb)
	}
	return in.Name
}

// ID returns the kernel's name of one of the fixture's namespaces, such as
// net:[4026532281].
func (f *Fixture) ID(kind int) string {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	id, err := in.Set.ID(kind)
	if err != nil {
		tb.Fatalf("nstest: %s: %v", in.Name, err)
	}
	return id
}

// Do runs what in the fixture's namespaces and waits for it, see [set.Set.Do].
// What fails inside fails the test: t.Fatal, require, Expect and panics all work
// there. In a mount namespace the working directory is kept, and must not be changed by
// t.Chdir: see [set.Set.Do]. Read /proc/thread-self there, not /proc/self: see "What a goroutine in a
// namespace sees" in the package's documentation.
//
// Subtests that the function starts by t.Run are outside, in the namespaces of the process, as t.Run starts goroutines. The
// test fails if these are its first subtests; of later ones package testing does not tell. [Fixture.Run] and [Run] start
// subtests that are inside.
func (f *Fixture) Do(what func()) {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	in.checkWorkDir(tb)
	ended, before := true, in.look(tb)
	defer func() {
		in.noteChdir(before)
		if ended {
			in.NoteFailure() // nothing is cleaned up yet
		}
	}()
	if what == nil {
		tb.Fatalf("nstest: %s: Do: the function is nil", in.Name)
	}
	panicked, err := in.do(what)
	if panicked != nil {
		panic(panicked) // from here, so that whoever reports it sees the caller's line next
	}
	ended = false
	if err != nil {
		tb.Fatalf("nstest: %s: %v", in.Name, needsProcess(err, helpCommand))
	}
	if err := before.startedOutside(tb); err != nil {
		tb.Errorf("nstest: %s: %v", in.Name, err)
	}
}

// do catches what Do panics with.
func (in *instance) do(what func()) (panicked any, err error) {
	defer func() { panicked = recover() }()
	return nil, in.Set.Do(what)
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
		err := fmt.Errorf("the fixture has no net namespace, only %s", set.KindNames(in.Set.Flags()))
		if in.Set.Flags()&set.NS_NET != 0 {
			in.links, err = inside.Get(in.Set, func() (*netlink.Handle, error) { return netlink.NewHandle() })
		}
		if err != nil {
			in.links = nil
			tb.Fatalf("nstest: %s: netlink: %v", in.Name, err)
		}
	}
	return in.links
}
