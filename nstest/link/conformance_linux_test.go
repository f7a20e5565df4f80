// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/vishvananda/netlink"
)

// A kind is a row of the conformance table.
type kind struct {
	name string
	make func(tb testing.TB, f *nstest.Fixture, opts ...link.Option) *link.Link
	// stays is set for a link that the kernel keeps in its network namespace.
	stays bool
	// noMAC is set for a link that has no hardware address to choose.
	noMAC bool
}

var (
	here  = netip.MustParseAddr("192.0.2.1")
	there = netip.MustParseAddr("192.0.2.2")
)

// on makes a kind of link on a bridge, which each kernel has.
func on(make func(testing.TB, *link.Link, ...link.Option) *link.Link) func(testing.TB, *nstest.Fixture, ...link.Option) *link.Link {
	return func(tb testing.TB, f *nstest.Fixture, opts ...link.Option) *link.Link {
		return make(tb, parentIn(tb, f), opts...)
	}
}

// number returns another number each time: some kinds of link may have one only once.
var number = func() func() int {
	var last atomic.Int32
	return func() int { return int(last.Add(1)) }
}()

// parentIn returns the bridge that other links of the fixture sit on.
func parentIn(tb testing.TB, f *nstest.Fixture) *link.Link {
	if _, err := f.Netlink().LinkByName("parent"); err == nil {
		return link.Find(tb, f, "parent")
	}
	return link.Bridge(tb, f, link.Name("parent"))
}

var kinds = []kind{
	{name: "veth", make: func(tb testing.TB, f *nstest.Fixture, opts ...link.Option) *link.Link {
		near, _ := link.Veth(tb, f, f, opts...)
		return near
	}},
	{name: "bridge", make: link.Bridge, stays: true},
	{name: "dummy", make: link.Dummy},
	{name: "ifb", make: link.Ifb},
	{name: "macvlan", make: on(link.Macvlan)},
	{name: "macvtap", make: on(link.Macvtap)},
	{name: "ipvlan", make: on(link.Ipvlan), noMAC: true},
	{name: "vlan", make: on(func(tb testing.TB, parent *link.Link, opts ...link.Option) *link.Link {
		return link.Vlan(tb, parent, number(), opts...)
	})},
	{name: "vxlan", make: on(func(tb testing.TB, parent *link.Link, opts ...link.Option) *link.Link {
		return link.Vxlan(tb, parent, number(), there, opts...)
	})},
	{name: "geneve", make: func(tb testing.TB, f *nstest.Fixture, opts ...link.Option) *link.Link {
		return link.Geneve(tb, f, uint32(number()), there, opts...)
	}},
	{name: "gre", noMAC: true, make: func(tb testing.TB, f *nstest.Fixture, opts ...link.Option) *link.Link {
		return link.Gre(tb, f, here, netip.AddrFrom4([4]byte{192, 0, 2, byte(number())}), opts...)
	}},
	{name: "ip6gre", noMAC: true, make: func(tb testing.TB, f *nstest.Fixture, opts ...link.Option) *link.Link {
		remote := netip.MustParseAddr("2001:db8::").As16()
		remote[15] = byte(number())
		return link.Gre(tb, f, netip.MustParseAddr("2001:db8::ffff"), netip.AddrFrom16(remote), opts...)
	}},
	{name: "wireguard", make: link.Wireguard, noMAC: true},
	{name: "bond", make: link.Bond, stays: true},
	{name: "team", make: link.Team, stays: true},
	{name: "vrf", stays: true, make: func(tb testing.TB, f *nstest.Fixture, opts ...link.Option) *link.Link {
		return link.Vrf(tb, f, uint32(number()), opts...)
	}},
	{name: "tun", noMAC: true, make: func(tb testing.TB, f *nstest.Fixture, opts ...link.Option) *link.Link {
		l, _ := link.Tun(tb, f, opts...)
		return l
	}},
}

func TestEveryKindOfLink(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			if r := probe.Named(k.name); r.OK != probe.Yes {
				if r.OK != probe.No {
					t.Fatal(r)
				}
				f := newHost(t, "without")
				text := failure.Text(t, func(tb testing.TB) { k.make(tb, f) })
				if !strings.Contains(text, "this machine lacks "+k.name) {
					t.Errorf("a test that wants the link of a kind that is missing ends with %q, want that this machine lacks %s", text, k.name)
				}
				return
			}
			t.Run("is made as it is asked for", k.isMade)
			t.Run("is deleted with its test", k.isDeleted)
			t.Run("may be renamed, deleted and moved by the test", k.isChanged)
			t.Run("may lose its name", k.isNotFound)
			t.Run("does not take a name that is taken", k.nameIsTaken)
		})
	}
}

func (k kind) isMade(t *testing.T) {
	f := newHost(t, "host")
	const longest = "fifteen-bytes-x"
	opts := []link.Option{link.Name(longest), link.MTU(1400)}
	if !k.noMAC {
		opts = append(opts, link.MAC("02:00:5e:00:53:01"))
	}
	l := k.make(t, f, opts...)
	attrs := l.Attrs()
	if attrs.Name != longest || l.Name() != longest || attrs.Index != l.Index() || l.Fixture() != f {
		t.Errorf("the kernel has link %d %q, want %d %q", attrs.Index, attrs.Name, l.Index(), longest)
	}
	if attrs.MTU != 1400 {
		t.Errorf("the MTU is %d, want 1400", attrs.MTU)
	}
	if !k.noMAC && attrs.HardwareAddr.String() != "02:00:5e:00:53:01" {
		t.Errorf("the hardware address is %v", attrs.HardwareAddr)
	}
	if attrs.Flags&net.FlagUp == 0 {
		t.Error("it is down")
	}
	l.Down()
	if l.Attrs().Flags&net.FlagUp != 0 {
		t.Error("it is up after Down")
	}
	l.Up()
	l.AddAddress("192.0.2.1/24")
	l.AddAddress("2001:db8::1/64")
	if sent := l.Stats().TxBytes; sent > 1<<20 {
		t.Errorf("it has sent %d bytes", sent)
	}
	if down := k.make(t, newHost(t, "another"), link.Down()); down.Attrs().Flags&net.FlagUp != 0 {
		t.Error("it is up in spite of the option Down")
	}
}

func (k kind) isDeleted(t *testing.T) {
	f := newHost(t, "host")
	var l *link.Link
	t.Run("subtest", func(t *testing.T) { l = k.make(t, f) })
	wantNone(t, l)
}

func wantNone(t *testing.T, l *link.Link) {
	t.Helper()
	if _, err := l.Fixture().Netlink().LinkByIndex(l.Index()); !errors.As(err, new(netlink.LinkNotFoundError)) {
		t.Errorf("%s is there (%v)", l.Name(), err)
	}
}

func (k kind) isChanged(t *testing.T) {
	f, other := newHost(t, "host"), newHost(t, "other")
	var renamed, moved *link.Link
	t.Run("subtest", func(t *testing.T) {
		k.make(t, f).Delete()
		k.make(t, f, link.Down()).Delete()
		renamed = k.make(t, f, link.Down())
		renamed.Rename("other-name")
		if name := renamed.Attrs().Name; name != "other-name" {
			t.Errorf("it is called %q after it was renamed", name)
		}
		if k.stays {
			text := failure.Text(t, func(tb testing.TB) { k.make(tb, f).MoveTo(other) })
			if !strings.Contains(text, "move to other") {
				t.Errorf("the move of a link that stays where it is ends with %q", text)
			}
			return
		}
		moved = k.make(t, f)
		moved.MoveTo(other)
		if moved.Attrs().Name != moved.Name() || moved.Fixture() != other {
			t.Errorf("it is %q after it was moved", moved.Attrs().Name)
		}
	})
	wantNone(t, renamed)
	if moved != nil {
		wantNone(t, moved)
	}
}

// isNotFound shows that a link which was made, and not found, is deleted.
func (k kind) isNotFound(t *testing.T) {
	f := newHost(t, "host")
	t.Run("subtest", func(t *testing.T) {
		parentIn(t, f)
		broken := errors.New("broken")
		link.FailLookUp(broken)
		if text := failure.Text(t, func(tb testing.TB) { k.make(tb, f, link.Name("lost")) }); !strings.Contains(text, broken.Error()) {
			t.Errorf("a link that cannot be looked up ends the test with %q", text)
		}
		if _, err := f.Netlink().LinkByName("lost"); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := f.Netlink().LinkByName("lost"); !errors.As(err, new(netlink.LinkNotFoundError)) {
		t.Errorf("the link is there (%v)", err)
	}
}

func (k kind) nameIsTaken(t *testing.T) {
	f := newHost(t, "host")
	k.make(t, f, link.Name("taken"))
	text := failure.Text(t, func(tb testing.TB) { k.make(tb, f, link.Name("taken")) })
	for _, want := range []string{"taken in host", "there is a link of that name", "link.Name"} {
		if !strings.Contains(text, want) {
			t.Errorf("a name that is taken ends the test with %q, want %q", text, want)
		}
	}
}
