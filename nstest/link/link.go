// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"fmt"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// A Link is a network interface in a fixture. If one of its methods fails, the test ends, at the caller's line.
type Link struct {
	tb      testing.TB
	fixture *nstest.Fixture
	kind    string // of ip-link(8), such as veth
	name    string
	index   int    // in the fixture; the kernel uses none twice
	group   uint32 // of its batch, if the kernel was told so
}

// Find returns the link of that name that the fixture has already, such as lo. It is
// not deleted at the end of the test.
func Find(tb testing.TB, f *nstest.Fixture, name string) *Link {
	lifecycle.NeedTest(tb, "link.Find")
	tb.Helper()
	needFixture(tb, f, "find "+name)
	found, err := f.Netlink().LinkByName(name)
	if err != nil {
		tb.Fatalf("link: %s in %s: %v", name, f.Name(), err)
	}
	return &Link{tb: tb, fixture: f, kind: found.Type(), name: name, index: found.Attrs().Index}
}

// Name returns what the link was called when this package last saw it.
func (l *Link) Name() string { return l.name }

// String is such as "eth0 in client": the name, and that of the fixture.
func (l *Link) String() string {
	if l == nil {
		return "<nil>"
	}
	return l.name + " in " + l.fixture.Name()
}

// Index returns the number of the interface in its network namespace.
func (l *Link) Index() int { return l.index }

// Fixture returns the fixture that the link is in.
func (l *Link) Fixture() *nstest.Fixture { return l.fixture }

// Attrs returns what the kernel says of the link: its addresses, state and counters.
func (l *Link) Attrs() *netlink.LinkAttrs {
	l.tb.Helper()
	found, err := l.fixture.Netlink().LinkByIndex(l.index)
	if err != nil {
		l.fatal("look at", err)
	}
	return found.Attrs()
}

// Stats returns the kernel's counters of the link, in packets and bytes.
func (l *Link) Stats() netlink.LinkStatistics {
	l.tb.Helper()
	return *l.Attrs().Statistics
}

// Up switches the link on. See [Link.WaitUp].
func (l *Link) Up() {
	l.tb.Helper()
	l.do("switch on", func(h *netlink.Handle) error { return h.LinkSetUp(l.handle()) })
}

// Down switches the link off. The kernel removes the routes over it, and IPv6
// addresses.
func (l *Link) Down() {
	l.tb.Helper()
	l.do("switch off", func(h *netlink.Handle) error { return h.LinkSetDown(l.handle()) })
}

// AddAddress gives the link an address, such as "2001:db8::1/64", which can be used
// when AddAddress returns if the link is up.
func (l *Link) AddAddress(cidr string) {
	l.tb.Helper()
	l.fixture.AddAddress(l.name, cidr)
}

// Attach makes links of the same fixture ports of this one, which is a bridge, a
// bond, a team or a VRF.
func (l *Link) Attach(ports ...*Link) {
	l.tb.Helper()
	for _, port := range ports {
		if err := l.canAttach(port); err != nil {
			l.fatal("attach to", err)
		}
		port.do("attach to "+l.name, func(h *netlink.Handle) error {
			if l.kind == "bond" || l.kind == "team" { // which take no port that is up, and switch it on
				if err := h.LinkSetDown(port.handle()); err != nil {
					return err
				}
			}
			return h.LinkSetMasterByIndex(port.handle(), l.index)
		})
	}
}

// canAttach says why a link cannot be a port of this one, before the kernel is asked in a network where the number of this one
// is that of another link.
func (l *Link) canAttach(port *Link) error {
	switch {
	case port == nil:
		return errors.New("the port is nil")
	case port.fixture == l.fixture && port.index == l.index:
		return errors.New("it is no port of itself")
	case port.fixture.ID(set.NS_NET) != l.fixture.ID(set.NS_NET):
		return fmt.Errorf("the port %v is in another network: Link.MoveTo moves it", port)
	}
	return nil
}

// Rename gives the link another name, of 1 to 15 bytes.
func (l *Link) Rename(name string) {
	l.tb.Helper()
	if err := checkName(name); err != nil {
		l.fatal("rename", err)
	}
	l.do("rename to "+name, func(h *netlink.Handle) error { return h.LinkSetName(l.handle(), name) })
	l.name = name
}

// Delete deletes the link, and with a veth its peer. A link that is gone is no error.
func (l *Link) Delete() {
	l.tb.Helper()
	if err := l.remove(); err != nil {
		l.tb.Fatal(err)
	}
}

func (l *Link) do(what string, request func(*netlink.Handle) error) {
	l.tb.Helper()
	if err := request(l.fixture.Netlink()); err != nil {
		l.fatal(what, err)
	}
}

func (l *Link) fatal(what string, err error) {
	l.tb.Helper()
	l.tb.Fatal(l.failure(what, err))
}

func (l *Link) failure(what string, err error) error {
	name := l.kind
	if l.name != "" { // it is chosen late
		name += " " + l.name
	}
	return fmt.Errorf("link: %s %s in %s: %w", what, name, l.fixture.Name(), err)
}
