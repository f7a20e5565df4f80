// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// What no interface can have is refused where it is chosen, and not by a network that half works.
func TestAddressesThatNobodyCanHaveAreNamed(t *testing.T) {
	for cidr, want := range map[string]string{
		"192.0.2.1":            `topo.Address("192.0.2.1"): it takes the length of its network's prefix, too, such as 192.0.2.1/24: `,
		"2001:db8::1":          `topo.Address("2001:db8::1"): it takes the length of its network's prefix, too, such as 2001:db8::1/64: `,
		"::ffff:192.0.2.7/120": `topo.Address("::ffff:192.0.2.7/120"): it is an IPv4 address in the form of an IPv6 one: write 192.0.2.7/24`,
		"192.0.2.0/24":         `topo.Address("192.0.2.0/24"): 192.0.2.0 stands for the network itself`,
		"192.0.2.255/24":       `topo.Address("192.0.2.255/24"): 192.0.2.255 is the network's broadcast address`,
		"2001:db8::/64":        `topo.Address("2001:db8::/64"): 2001:db8:: is that of any router there (RFC 4291, 2.6.1)`,
		"224.0.0.5/24":         `topo.Address("224.0.0.5/24"): it overlaps with 224.0.0.0/4, which is for multicast`,
		"ff02::5/64":           `topo.Address("ff02::5/64"): it overlaps with ff00::/8, which is for multicast`,
		"127.0.0.5/8":          `topo.Address("127.0.0.5/8"): it overlaps with 127.0.0.0/8, which each host has for itself`,
		"::1/64":               `topo.Address("::1/64"): it overlaps with ::/127, which each host has for itself`,
		"0.0.0.1/8":            `topo.Address("0.0.0.1/8"): it overlaps with 0.0.0.0/8, which stands for no network`,
		"fe80::1/64":           `topo.Address("fe80::1/64"): it overlaps with fe80::/10, of which each interface has an address anyway: Fixture.AddAddress adds others`,
	} {
		text := failure.Text(t, func(tb testing.TB) {
			n := topo.New(tb)
			a := n.Host("a")
			n.Link(a, n.Host("b"), topo.Address(a, cidr))
		})
		if !strings.HasPrefix(text, "topo: link a to b: "+want) {
			t.Errorf("ends with %q, want %q", text, want)
		}
	}
	for cidr, want := range map[string]string{
		"10.0.0.0":           `topo.Subnet("10.0.0.0"): it takes the length of its prefix, too, such as 10.0.0.0/24: `,
		"::ffff:0.0.0.0/96":  `topo.Subnet("::ffff:0.0.0.0/96"): it is an IPv4 address in the form of an IPv6 one: write 0.0.0.0/0`,
		"::ffff:10.0.0.0/88": `topo.Subnet("::ffff:10.0.0.0/88"): it is an IPv4 address in the form of an IPv6 one`,
		"0.0.0.0/0":          `topo.Subnet("0.0.0.0/0"): it overlaps with 0.0.0.0/8`,
		"::/0":               `topo.Subnet("::/0"): it overlaps with ::/127`,
		"239.0.0.0/24":       `topo.Subnet("239.0.0.0/24"): it overlaps with 224.0.0.0/4`,
	} {
		text := failure.Text(t, func(tb testing.TB) {
			n := topo.New(tb)
			n.Link(n.Host("a"), n.Host("b"), topo.Subnet(cidr))
		})
		if !strings.HasPrefix(text, "topo: link a to b: "+want) {
			t.Errorf("ends with %q, want %q", text, want)
		}
	}
}

// The first and the last address of a network of two are addresses (RFC 3021, RFC 6164).
func TestANetworkOfTwoHasTwoAddresses(t *testing.T) {
	n := topo.New(t)
	a, b, c := n.Host("a"), n.Host("b"), n.Host("c")
	n.Link(a, b, topo.Address(a, "192.0.2.1/31", "2001:db8::1/127"), topo.Address(b, "192.0.2.0/31", "2001:db8::/127"))
	n.Link(a, c, topo.Subnet("198.51.100.2/31", "2001:db8::2/127"))
	n.Up()
	if got, want := fmt.Sprint(a.Addrs(), c.Addrs()), "[192.0.2.1 2001:db8::1 198.51.100.2 2001:db8::2] [198.51.100.3 2001:db8::3]"; got != want {
		t.Errorf("the addresses are %s, want %s", got, want)
	}
	serve(a)
	for _, address := range a.Addrs()[:2] {
		if err := get(t, b, netip.AddrPortFrom(address, 80).String()); err == nil || err.Error() != `"a" answers` {
			t.Errorf("%v: %v", address, err)
		}
	}
	serve(c)
	for _, address := range c.Addrs() {
		if err := get(t, a, netip.AddrPortFrom(address, 80).String()); err == nil || err.Error() != `"c" answers` {
			t.Errorf("%v: %v", address, err)
		}
	}
}

func TestANodeWithoutIPv6SaysWhatHelps(t *testing.T) {
	text := failure.Text(t, func(tb testing.TB) {
		n := topo.New(tb)
		n.Link(n.Host("a", topo.Sysctl("net.ipv6.conf.default.disable_ipv6", "1")), n.Host("b"))
		n.Up()
	})
	want := "topo: up: host a: add fd00::1/64 to eth0: permission denied: IPv6 is switched off there (net.ipv6.conf.eth0.disable_ipv6)\n" +
		"topo.Subnet with an IPv4 network alone gives the nodes of a link no IPv6 addresses"
	if text != want {
		t.Errorf("ends with %q, want %q", text, want)
	}
	n := topo.New(t)
	a, b := n.Host("a", topo.Sysctl("net.ipv6.conf.default.disable_ipv6", "1")), n.Host("b")
	n.Link(a, b, topo.Subnet("192.0.2.0/24"))
	n.Up()
	serve(b)
	if err := get(t, a, "b"); err != nil {
		t.Error(err)
	}
}

// A kernel may have been started without IPv6.
func TestAMachineWithoutIPv6HasIPv4(t *testing.T) {
	n := topo.New(t, topo.WithoutIPv6())
	a, r, b := n.Host("a"), n.Router("r"), n.Host("b")
	n.Link(a, r)
	n.Link(r, b)
	n.Up()
	if got := fmt.Sprint(a.Addrs(), b.Addrs()); got != "[10.0.0.1] [10.0.1.2]" {
		t.Errorf("the addresses are %s", got)
	}
	serve(b)
	if err := get(t, a, "b"); err != nil {
		t.Error(err)
	}
}

func TestNetworksOfALinkDoNotOverlap(t *testing.T) {
	text := failure.Text(t, func(tb testing.TB) {
		n := topo.New(tb)
		s := n.Switch("s")
		n.Link(n.Host("a"), s, topo.Subnet("10.0.0.0/24"))
		n.Link(n.Host("b"), s, topo.Subnet("10.0.0.0/25"))
		n.Up()
	})
	if want := "topo: deal out addresses: 10.0.0.0/25 overlaps with 10.0.0.0/24, both of the network with the link a-s"; text != want {
		t.Errorf("ends with %q, want %q", text, want)
	}
}
