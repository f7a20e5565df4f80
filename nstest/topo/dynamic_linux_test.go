// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/vishvananda/netlink"
)

// Two hosts at a switch get their addresses of a router, and reach a server behind it.
func TestHostsAskForTheirAddresses(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	r := n.Router("r", topo.Advertise(), topo.DHCP4())
	s := n.Switch("s")
	a, b := n.Host("a", topo.Dynamic()), n.Host("b", topo.Dynamic())
	given, server := n.Host("given"), n.Host("server")
	for _, node := range []topo.Node{r, a, b, given} {
		n.Link(s, node)
	}
	n.Link(r, server)
	n.Up()
	g.Expect(fmt.Sprint(a.Addrs())).To(Equal("[10.0.0.2 fd00::74:6fff:fe00:3]"))
	g.Expect(fmt.Sprint(b.Addrs())).To(Equal("[10.0.0.3 fd00::74:6fff:fe00:5]"))
	g.Expect(fmt.Sprint(given.Addrs())).To(Equal("[10.0.0.4 fd00::4]"))
	global, err := given.Netlink().AddrList(nil, netlink.FAMILY_V6)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(global).To(HaveLen(3), "one that was dealt out, lo's and the link-local one, and none of an advertisement")
	serve(server)
	serve(b)
	for _, from := range []*topo.Host{a, b, given} {
		g.Expect(get(t, from, "server")).To(Succeed())
		g.Expect(get(t, from, "b")).To(Succeed())
		for _, address := range server.Addrs() {
			g.Expect(reach(t, from, server, address)).To(Succeed())
		}
	}
}

// reach connects to an address of a host, and returns when both ends are closed.
func reach(t *testing.T, from, to *topo.Host, address netip.Addr) error {
	listener := to.Listen("tcp", netip.AddrPortFrom(address, 0).String())
	defer listener.Close()
	conn, err := from.DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		return err
	}
	defer conn.Close()
	accepted, err := listener.Accept()
	if err != nil {
		return err
	}
	return accepted.Close()
}

// A link that was down costs a host its addresses, and it gets them again, even if nobody could hear it at first.
func TestHostsAskAgainAfterALinkWasDown(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	r := n.Router("r", topo.Advertise(), topo.DHCP4())
	s, h := n.Switch("s"), n.Host("h", topo.Dynamic())
	near, far := n.Link(h, s), n.Link(s, r)
	n.Link(s, n.Host("bystander"))
	n.Up()
	before := h.Addrs()
	expectAll := func() {
		t.Helper()
		g.Expect(h.Addrs()).To(Equal(before))
		for _, address := range r.Addrs() {
			g.Expect(reach(t, h, &r.Host, address)).To(Succeed())
		}
	}
	expectAll()
	near.Down()
	near.Up()
	expectAll()
	near.Down()
	far.Down()
	near.Up() // there is nobody to ask
	far.Up()
	expectAll()
	near.Down()
	n.Isolate(r)
	near.Up() // nor here
	n.Heal()
	expectAll()
}

func TestWhoGetsNoAddressIsSaidAndWhy(t *testing.T) {
	t.Parallel()
	nstest.RequireFeatures(t, "nftables")
	for want, build := range map[string]func(n *topo.Network){
		"host h asks for addresses on the link h-r, and no node there gives any: topo.Advertise": func(n *topo.Network) {
			n.Link(n.Host("h", topo.Dynamic()), n.Router("r"))
		},
		"host h: no IPv4 address for eth0 (link h-r): no DHCPv4 OFFER has come, after 1 times DISCOVER; no node of the network is a DHCPv4 server there: " +
			"topo.DHCP4 makes a router or host one; a program of the test has to be started before Up": func(n *topo.Network) {
			n.Link(n.Host("h", topo.Dynamic(topo.IPv4)), n.Router("r"))
		},
		"DHCPv4 server of r on eth0: write udp 0.0.0.0:67->255.255.255.255:68: sendmsg: operation not permitted": func(n *topo.Network) {
			r := n.Router("r", topo.DHCP4())
			n.Link(n.Host("h", topo.Dynamic()), r)
			dropOutput(t, r, "udp sport 67")
		},
		"ms, no router advertisement has come; no node of the network advertises there: " +
			"topo.Advertise and topo.DHCP6 make a router do so; a program of the test has to be started before Up": func(n *topo.Network) {
			n.Link(n.Host("h", topo.Dynamic(topo.IPv6)), n.Router("r"))
		},
		"no router advertisement has come; there, router advertisements are for r to send\nrouter advertisement of r on eth0: write ip": func(n *topo.Network) {
			r := n.Router("r", topo.Advertise())
			n.Link(n.Host("h", topo.Dynamic()), r)
			dropOutput(t, r, "icmpv6 type nd-router-advert")
		},
		"router advertisements have come, and no address in fd00::/64 was made of them": func(n *topo.Network) {
			h := n.Host("h", topo.Dynamic())
			h.SetSysctl("net.ipv6.conf.default.autoconf", "0")
			n.Link(h, n.Router("r", topo.Advertise()))
		},
		`make the switch "s": Dynamic is no option of a switch`:        func(n *topo.Network) { n.Switch("s", topo.Dynamic()) },
		`make the host "h": Advertise is no option of a host`:          func(n *topo.Network) { n.Host("h", topo.Advertise()) },
		`make the switch "s": DHCP4 is no option of a switch`:          func(n *topo.Network) { n.Switch("s", topo.DHCP4()) },
		`make the host "h": DHCP6 is no option of a host`:              func(n *topo.Network) { n.Host("h", topo.DHCP6()) },
		`make the router "r": Delegate: netip.ParsePrefix("2001:db8")`: func(n *topo.Network) { n.Router("r", topo.Delegate("2001:db8", 56)) },
		`make the router "r": Delegate: 10.0.0.0/8 is no IPv6 network`: func(n *topo.Network) { n.Router("r", topo.Delegate("10.0.0.0/8", 56)) },
		"networks of 48 bits are delegated out of one of 48: it must be 49 to 64": func(n *topo.Network) {
			n.Router("r", topo.Delegate("2001:db8::/48", 48))
		},
		"2001:db8::/63 of the router r has no network left for the router c": func(n *topo.Network) {
			r := n.Router("r", topo.Delegate("2001:db8::/63", 64))
			for _, name := range []string{"a", "b", "c"} {
				n.Link(n.Router(name, topo.Dynamic()), r)
			}
		},
		"2001:db8::/64, which is delegated to the router a, has too few networks for its links": func(n *topo.Network) {
			r, a := n.Router("r", topo.Delegate("2001:db8::/60", 64)), n.Router("a", topo.Dynamic())
			for _, other := range []topo.Node{r, n.Host("h1"), n.Host("h2")} {
				n.Link(a, other)
			}
		},
		"DHCPv6 server of r on eth0: write udp": func(n *topo.Network) {
			r := n.Router("r", topo.DHCP6())
			n.Link(n.Host("h", topo.Dynamic()), r)
			dropOutput(t, r, "udp sport 547")
		},
		`make the router "r": LeaseTime(1.5s): it must be whole seconds, 2s at least`: func(n *topo.Network) {
			n.Router("r", topo.LeaseTime(1500*time.Millisecond))
		},
		`make the switch "s": LeaseTime is no option of a switch`:       func(n *topo.Network) { n.Switch("s", topo.LeaseTime(time.Hour)) },
		`make the host "h": Dynamic(5): the families are IPv4 and IPv6`: func(n *topo.Network) { n.Host("h", topo.Dynamic(5)) },
	} {
		limit := 300 * time.Millisecond
		if strings.Contains(want, " of r on ") || strings.Contains(want, " have come") {
			limit = 3 * time.Second // something has to happen before
		}
		t.Run("", func(t *testing.T) {
			t.Parallel()
			text := failure.Text(t, func(tb testing.TB) {
				n := topo.New(tb, topo.AddressTime(limit))
				build(n)
				n.Up()
			})
			if !strings.HasPrefix(text, "topo: ") || !strings.Contains(text, want) {
				t.Errorf("ends with %q, want %q", text, want)
			}
		})
	}
}

// dropOutput has a node's own packets of one kind vanish.
func dropOutput(t *testing.T, r *topo.Router, match string) {
	t.Helper()
	out, err := r.Set().Command(t.Context(), "nft", "table inet test { chain output { type filter hook output priority 0; "+match+" drop; }; }").CombinedOutput()
	if err != nil {
		t.Fatalf("nft: %v: %s", err, out)
	}
}
