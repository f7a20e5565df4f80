// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
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
		"192.0.2.0/31 has no address left for b": func(n *topo.Network) {
			s := n.Switch("s")
			n.Link(s, n.Host("a"), topo.Subnet("192.0.2.0/31"))
			n.Link(s, n.Host("b"))
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
		"address of a: the network is not up: call Up first": func(n *topo.Network) { n.Host("a").Addr4() },
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
		`make the host "localhost"`:  func(n *topo.Network) { n.Host("localhost") },
		"an MTU of 1000: it must be": func(n *topo.Network) { n.Link(n.Host("a"), n.Host("b"), topo.MTU(1000)) },
	} {
		if text := failure.Text(t, func(tb testing.TB) { build(topo.New(tb)) }); !strings.HasPrefix(text, "topo: ") || !strings.Contains(text, want) {
			t.Errorf("ends with %q, want %q", text, want)
		}
	}
}
