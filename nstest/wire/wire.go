// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/option"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	_ "github.com/seed-1bc5c4a2/gonso/nstest/trace" // captures and traces, if a variable asks for them
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A Wire joins two fixtures until the test ends. Its methods may be called by any goroutine, filters included.
// If one of them fails, it ends the test, at the caller's line.
type Wire struct {
	tb testing.TB
	ends
	near    *link.Link
	far     *link.Link
	cable   *cable.Cable
	filters *filters

	mu      sync.Mutex
	config  config
	recent  recent
	records []*record
}

// Join joins two fixtures by a wire, or two interfaces of one. Each has an interface for it that is up, called eth0, or eth1 if
// there is an eth0 already, and so on. It has no IPv4 address; see [nstest.Fixture.AddAddress].
func Join(tb testing.TB, a, b *nstest.Fixture, opts ...Option) *Wire {
	lifecycle.NeedTest(tb, "wire.Join")
	tb.Helper()
	if a == nil || b == nil {
		tb.Fatal("wire: join: the *Fixture is nil: make it, with nstest.New or in Ginkgo with nstest.Each, before it is used")
	}
	w := &Wire{tb: tb, ends: ends{a: a, b: b}}
	for _, f := range []*nstest.Fixture{a, b} {
		if f.Set().Flags()&set.NS_NET == 0 {
			tb.Fatalf("wire: join %s and %s: the fixture %s has no net namespace, only %s", a.Name(), b.Name(), f.Name(), set.KindNames(f.Set().Flags()))
		}
	}
	w.loop = a.ID(set.NS_NET) == b.ID(set.NS_NET)
	w.config.ends = w.ends
	if err := w.config.apply(opts); err != nil {
		w.fatal("join", err)
	}
	if !w.config.seeded {
		seed, err := impair.Seed()
		if err != nil {
			w.fatal("join", err)
		}
		w.config.seed = seed
	}
	var ends [2]cable.End
	for i, f := range []*nstest.Fixture{a, b} {
		ends[i] = cable.End{Set: f.Set(), Name: "eth%d", MTU: w.config.mtu}
	}
	c, err := cable.Lay(ends)
	if err != nil {
		w.fatal("join", err)
	}
	w.cable = c
	w.filters = &filters{tb: tb, who: "wire", link: w.id(), ends: [2]*nstest.Fixture{a, b}, hook: c.SetHook}
	a.Cleanup(tb, w.end)
	c.SetTap(w.watch)
	if err := w.impair(); err != nil {
		w.fatal("join", err)
	}
	w.tellLink()
	nearName, farName := c.Names()
	w.near, w.far = link.Find(tb, a, nearName), link.Find(tb, b, farName)
	w.near.Up()
	w.far.Up()
	w.near.WaitUp()
	w.far.WaitUp()
	if err := c.Couple(); err != nil {
		w.fatal("join", err)
	}
	return w
}

// apply has options change the configuration, and says what of them makes no sense.
func (c *config) apply(opts []Option) error {
	if err := errors.Join(option.Apply(c, opts), c.err); err != nil {
		return err
	}
	switch {
	case c.strange != nil:
		return fmt.Errorf("From: the fixture %s is at no end of the wire, which joins %s and %s", c.strange.Name(), c.a.Name(), c.b.Name())
	case c.misplace != "":
		return fmt.Errorf("%s: it is for Join, and cannot be changed later", c.misplace)
	}
	for d, rules := range c.rules {
		if err := rules.Check(); err != nil {
			sender := []*nstest.Fixture{c.a, c.b}[d]
			return fmt.Errorf("frames of %s: %w", sender.Name(), err)
		}
	}
	return nil
}

// Bounds of [MTU]: what a veth takes.
const minMTU, maxMTU = 68, 65535

// impair has the cable do what the configuration says.
func (w *Wire) impair() error {
	for d, rules := range w.config.rules {
		if err := w.cable.Set(impair.Direction(d), rules, w.config.seed); err != nil {
			return err
		}
	}
	return nil
}

// String is such as "wire of a and b".
func (w *Wire) String() string {
	if w == nil {
		return "<nil>"
	}
	return "wire of " + w.a.Name() + " and " + w.b.Name()
}

// Set changes what the wire does to frames that are sent from now on. Options that are not given stay as they
// are; random decisions begin again from the seed.
func (w *Wire) Set(opts ...Option) {
	w.tb.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	next := w.config
	next.late = true
	err := next.apply(opts)
	if err == nil {
		w.config = next
		err = w.impair()
	}
	if err != nil {
		w.fatal("set", err)
	}
	w.tell("is set")
}

// Ends returns the interfaces of both fixtures.
func (w *Wire) Ends() (a, b *link.Link) { return w.near, w.far }

// end is the wire's clean-up.
func (w *Wire) end() error {
	w.tb.Helper()
	if w.tb.Failed() {
		w.tb.Log(w.report())
	}
	errs := []error{w.cable.Close()}
	for _, r := range w.records { // there is no other goroutine any more
		errs = append(errs, r.end())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%v: %w", w, err)
	}
	return nil
}

// watch is shown every frame that enters the wire or leaves it.
func (w *Wire) watch(e cable.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !e.Left {
		w.recent.add(e)
	}
	for _, r := range w.records {
		r.add(e)
	}
}

func (w *Wire) fatal(what string, err error) {
	w.tb.Helper()
	w.tb.Fatal(fmt.Errorf("wire: %s %s and %s: %w", what, w.a.Name(), w.b.Name(), err))
}
