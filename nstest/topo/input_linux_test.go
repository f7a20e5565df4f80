// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/vishvananda/netlink"
)

func TestBadInputIsNamed(t *testing.T) {
	for want, build := range map[string]func(n *topo.Network){
		`make the host "a b": a name has 1 to 63 letters`: func(n *topo.Network) { n.Host("a b") },
		`make the router "A": there is a node of that name`: func(n *topo.Network) {
			n.Host("a")
			n.Router("A")
		},
		"link a to a: a link takes two nodes": func(n *topo.Network) {
			a := n.Host("a")
			n.Link(a, a)
		},
		"link: one of the nodes is nil":      func(n *topo.Network) { n.Link(n.Host("a"), (*topo.Host)(nil)) },
		"other is a node of another network": func(n *topo.Network) { n.Link(n.Host("a"), topo.New(t).Host("other")) },
		`a cost of 0: it must be 1 to`:       func(n *topo.Network) { n.Link(n.Host("a"), n.Host("b"), topo.Cost(0)) },
		`192.0.2.1/24 is an address in 192.0.2.0/24, and no network`: func(n *topo.Network) {
			n.Link(n.Host("a"), n.Host("b"), topo.Subnet("192.0.2.1/24"))
		},
		"up: the network is up already": func(n *topo.Network) {
			n.Up()
			n.Up()
		},
		"the network is up already: call Up once": func(n *topo.Network) {
			a, b := n.Host("a"), n.Host("b")
			n.Up()
			n.Link(a, b)
		},
		"cut a-b: the network is not up": func(n *topo.Network) { n.Link(n.Host("a"), n.Host("b")).Down() },
		"192.0.2.0/31 has no address left for c": func(n *topo.Network) {
			s := n.Switch("s")
			n.Link(s, n.Host("a"), topo.Subnet("192.0.2.0/31"))
			n.Link(s, n.Host("b"))
			n.Link(s, n.Host("c"))
			n.Up()
		},
		"192.0.2.0/24 of the link c-d overlaps with 192.0.2.0/24 of the link a-b": func(n *topo.Network) {
			n.Link(n.Host("a"), n.Host("b"), topo.Subnet("192.0.2.0/24"))
			n.Link(n.Host("c"), n.Host("d"), topo.Subnet("192.0.2.0/24"))
			n.Up()
		},
		"192.0.2.7 is the address of a and of b": func(n *topo.Network) {
			a, b := n.Host("a"), n.Host("b")
			n.Link(a, b, topo.Address(a, "192.0.2.7/24"), topo.Address(b, "192.0.2.7/24"))
			n.Up()
		},
		"link a to b: 192.0.2.1/24 of a and 198.51.100.1/24 of b are in different networks: the ends of a link share one": func(n *topo.Network) {
			a, b := n.Host("a"), n.Host("b")
			n.Link(a, b, topo.Address(a, "192.0.2.1/24", "2001:db8::1/64"), topo.Address(b, "198.51.100.1/24", "2001:db8::2/64"))
		},
		"link a to b: 192.0.2.1/24 of a and 192.0.2.2/25 of b are in different networks": func(n *topo.Network) {
			a, b := n.Host("a"), n.Host("b")
			n.Link(a, b, topo.Address(a, "192.0.2.1/24"), topo.Address(b, "192.0.2.2/25"))
		},
		"link a to b: 198.51.100.1/24 of a is in none of the networks 192.0.2.0/24 that topo.Subnet chooses": func(n *topo.Network) {
			a := n.Host("a")
			n.Link(a, n.Host("b"), topo.Subnet("192.0.2.0/24"), topo.Address(a, "198.51.100.1/24"))
		},
		"link a to b: topo.Address: c is not one of the link's nodes": func(n *topo.Network) {
			n.Link(n.Host("a"), n.Host("b"), topo.Address(n.Host("c"), "192.0.2.1/24"))
		},
		"link a to s: topo.Address: the switch s has no addresses": func(n *topo.Network) {
			s := n.Switch("s")
			n.Link(n.Host("a"), s, topo.Address(s, "192.0.2.1/24"))
		},
		`link a to b: topo.VRF("blue-and-far-too-long"): the name of an interface has 15 letters at most`: func(n *topo.Network) {
			a := n.Host("a")
			n.Link(a, n.Host("b"), topo.VRF(a, "blue-and-far-too-long"))
		},
		`link a to b: topo.VRF("eth1"): other interfaces are called like that`: func(n *topo.Network) {
			a := n.Host("a")
			n.Link(a, n.Host("b"), topo.VRF(a, "eth1"))
		},
		"link a to b: topo.VRF: a is to be in blue and in red": func(n *topo.Network) {
			a := n.Host("a")
			n.Link(a, n.Host("b"), topo.VRF(a, "blue"), topo.VRF(a, "red"))
		},
		"link a to b: topo.VRF: c is not one of the link's nodes": func(n *topo.Network) {
			n.Link(n.Host("a"), n.Host("b"), topo.VRF(n.Host("c"), "blue"))
		},
		"link a to s: topo.VRF: the switch s has no routes": func(n *topo.Network) {
			s := n.Switch("s")
			n.Link(n.Host("a"), s, topo.VRF(s, "blue"))
		},
		"link h to r: topo.VRF: the router r has other options, and a node with presets": func(n *topo.Network) {
			r := n.Router("r", topo.DHCP4())
			n.Link(n.Host("h"), r, topo.VRF(r, "blue"))
		},
		`VRF "blue" of a: it has none: the link option topo.VRF makes one`: func(n *topo.Network) { n.Host("a").VRF("blue") },
		"cut a-b#2: the network is not up": func(n *topo.Network) {
			a, b := n.Host("a"), n.Host("b")
			n.Link(a, b)
			n.Link(a, b).Down()
		},
		"deal out addresses: host h asks for addresses, and has no link": func(n *topo.Network) {
			n.Host("h", topo.Dynamic())
			n.Up()
		},
		"address of a: the network is not up: call Up first": func(n *topo.Network) { n.Host("a").Addr4() },
		"address of a: it has no IPv4 address: inside of the NAT64 r there is IPv6 alone, unless topo.Subnet": func(n *topo.Network) {
			a, r := n.Host("a"), n.Router("r", topo.NAT64())
			n.Link(a, r)
			n.Link(r, n.Host("b"), topo.Outside(r))
			n.Up()
			a.Addr4()
		},
		"address of a: it has no IPv6 address": func(n *topo.Network) {
			a := n.Host("a")
			n.Link(a, n.Host("b"), topo.Subnet("192.0.2.0/24"))
			n.Up()
			a.Addr6()
		},
		"end of a-b: the network is not up": func(n *topo.Network) {
			a := n.Host("a")
			n.Link(a, n.Host("b")).End(a)
		},
		"link a to b: loss 1.5: it is a probability, 0 to 1": func(n *topo.Network) {
			n.Link(n.Host("a"), n.Host("b"), topo.Loss(1.5))
		},
		"link a to b: delay 20ns: was a unit meant, as in 20*time.Millisecond?": func(n *topo.Network) {
			n.Link(n.Host("a"), n.Host("b"), topo.Delay(20))
		},
		"link a to b: what b sends: delay -1ns: it must be 0s to 1h0m0s": func(n *topo.Network) {
			b := n.Host("b")
			n.Link(n.Host("a"), b, topo.From(b, topo.Delay(-1)))
		},
		"link a to b: what c sends: it is not one of the link's nodes": func(n *topo.Network) {
			n.Link(n.Host("a"), n.Host("b"), topo.From(n.Host("c"), topo.Loss(0.1)))
		},
		"link a to b: an Impairment is made by a function of this package": func(n *topo.Network) {
			n.Link(n.Host("a"), n.Host("b"), topo.Impairment{})
		},
		"set a-b: the network is not up": func(n *topo.Network) { n.Link(n.Host("a"), n.Host("b")).Set(topo.Loss(1)) },
		"set a-b: jitter 1s: it must not be more than the delay, 0s": func(n *topo.Network) {
			l := n.Link(n.Host("a"), n.Host("b"))
			n.Up()
			l.Set(topo.Jitter(time.Second))
		},
		"set a-b: there is nothing to set": func(n *topo.Network) {
			l := n.Link(n.Host("a"), n.Host("b"))
			n.Up()
			l.Set()
		},
		"up: link a-b: cable: eth0 of its second end: add the cable of end1: file exists": func(n *topo.Network) {
			b := n.Host("b")
			n.Link(n.Host("a"), b, topo.Loss(0.1), topo.Duplicate(0.1)) // which netem cannot do as it is meant
			if err := b.Netlink().LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}}); err != nil {
				t.Error(err)
			}
			n.Up()
		},
		`make the region "eu": there is a region of that name`: func(n *topo.Network) {
			n.Region("eu")
			n.Region("eu")
		},
		`make the region "": a name has 1 to 63 letters`: func(n *topo.Network) { n.Region("") },
		"delay between the regions eu and us: they are not both of this network": func(n *topo.Network) {
			n.RegionDelay(n.Region("eu"), topo.New(t).Region("us"), time.Second)
		},
		"delay between the regions eu and us: there is a link between them, b-a: set the delay first": func(n *topo.Network) {
			eu, us := n.Region("eu"), n.Region("us")
			n.Link(us.Host("b"), eu.Host("a"))
			n.RegionDelay(eu, us, time.Second)
		},
		"delay between the regions eu and us: delay 2h0m0s: it must be 0s to 1h0m0s": func(n *topo.Network) {
			n.RegionDelay(n.Region("eu"), n.Region("us"), 2*time.Hour)
		},
		`make the host "localhost"`:  func(n *topo.Network) { n.Host("localhost") },
		"an MTU of 1000: it must be": func(n *topo.Network) { n.Link(n.Host("a"), n.Host("b"), topo.MTU(1000)) },
	} {
		if text := failure.Text(t, func(tb testing.TB) { build(topo.New(tb)) }); !strings.HasPrefix(text, "topo: ") || !strings.Contains(text, want) {
			t.Errorf("ends with %q, want %q", text, want)
		}
	}
}

func TestSeedIsAWholeNumber(t *testing.T) {
	t.Setenv("NSTEST_SEED", "one")
	want := `topo: new: the environment variable NSTEST_SEED is "one"; a seed is a whole number of 64 bits, such as 17185236 or 0x2a: strconv.ParseUint: parsing "one": invalid syntax`
	if text := failure.Text(t, func(tb testing.TB) { topo.New(tb) }); text != want {
		t.Errorf("ends with %q, want %q", text, want)
	}
}
