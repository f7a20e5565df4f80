// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// A fixture with a network of its own is a host of another network for a while, and then as before.
func TestAFixtureIsAHostForAWhile(t *testing.T) {
	nstest.RequireFeatures(t, "nftables")
	g := NewWithT(t)
	f, peer := nstest.New(t, set.NS_NET|set.NS_MNT), nstest.New(t, set.NS_NET)
	link.Veth(t, f, peer, link.Address("10.0.0.1/24"))
	everywhere, err := netlink.ParseIPNet("0.0.0.0/0")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(f.Netlink().RouteAdd(&netlink.Route{Dst: everywhere, Gw: net.ParseIP("10.0.0.254")})).To(Succeed())
	f.Hosts("192.0.2.1 old\n")
	before := whatItIsLike(g, f)
	listener := f.Listen("tcp", "127.0.0.1:0")
	own, err := f.DialContext(t.Context(), "tcp", listener.Addr().String())
	g.Expect(err).NotTo(HaveOccurred())
	defer own.Close()
	served, err := listener.Accept()
	g.Expect(err).NotTo(HaveOccurred())
	defer served.Close()

	f.Run(t, "in a network", func(t *testing.T) {
		g := NewWithT(t)
		n := topo.New(t)
		h, r, server := n.External("h", f), n.Router("r", topo.Advertise()), n.Host("server")
		access := n.Link(h, r)
		n.Link(r, server)
		n.Up()
		g.Expect(access.End(h).Name()).To(Equal("eth1"), "eth0 was there before")
		g.Expect(h.Addr4()).To(Equal(netip.MustParseAddr("10.0.1.1")), "10.0.0.0/24 was there before")
		for _, address := range server.Addrs() {
			g.Expect(reach(t, h, server, address)).To(Succeed())
			g.Expect(reach(t, server, h, h.Addr4())).To(Succeed())
		}
		serve(server)
		g.Expect(get(t, h, "server")).To(Succeed())
		_, err := h.DialContext(t.Context(), "tcp4", "server:81")
		g.Expect(err).To(MatchError(syscall.ECONNREFUSED))
		g.Expect(whatItIsLike(g, f)).To(ContainElement(before[0]), "the route to everywhere")
		access.Down()
		access.Up()
		g.Expect(reach(t, h, server, server.Addr6())).To(Succeed())
		n.Partition([]topo.Node{h}, []topo.Node{server})
	})
	g.Expect(whatItIsLike(g, f)).To(Equal(before))
	g.Expect(own.Write([]byte("x"))).To(Equal(1))
	g.Expect(served.Read(make([]byte, 1))).To(Equal(1))
}

// whatItIsLike lists routes, addresses and interfaces, rules and names.
func whatItIsLike(g *WithT, f *nstest.Fixture) (list []string) {
	routes, err := f.Netlink().RouteList(nil, netlink.FAMILY_ALL)
	g.Expect(err).NotTo(HaveOccurred())
	for _, r := range routes {
		list = append(list, r.String())
	}
	addresses, err := f.Netlink().AddrList(nil, netlink.FAMILY_ALL)
	g.Expect(err).NotTo(HaveOccurred())
	for _, a := range addresses {
		list = append(list, a.String())
	}
	links, err := f.Netlink().LinkList()
	g.Expect(err).NotTo(HaveOccurred())
	for _, l := range links {
		list = append(list, l.Attrs().Name)
	}
	f.Do(func() {
		hosts, err := os.ReadFile("/etc/hosts")
		g.Expect(err).NotTo(HaveOccurred())
		list = append(list, string(hosts))
	})
	return append(list, f.Nft(), f.Sysctl("net.ipv6.conf.default.accept_ra"))
}

// A test that is in a fixture is in a network.
func TestATestIsAHost(t *testing.T) {
	nstest.Enter(t, set.NS_NET)
	g := NewWithT(t)
	n := topo.New(t)
	here, server := n.External("here", nstest.Here(t)), n.Host("server")
	n.Link(here, server)
	n.Up()
	listener := server.Listen("tcp", ":80")
	conn, err := net.Dial("tcp", netip.AddrPortFrom(server.Addr4(), 80).String())
	g.Expect(err).NotTo(HaveOccurred())
	defer conn.Close()
	accepted, err := listener.Accept()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(accepted.Close()).To(Succeed())
}

// Two fixtures are joined, and a host of one network is one of another.
func TestNetworksAreJoined(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a, gateway := n.Host("a"), n.Router("gateway")
	n.Link(a, gateway)
	n.Up()
	t.Run("with another one", func(t *testing.T) {
		g := NewWithT(t)
		other := topo.New(t)
		f := nstest.New(t, set.NS_NET)
		joint, b := other.External("gateway", gateway.For(t)), other.External("b", f)
		other.Link(joint, b)
		other.Up()
		g.Expect(b.Addr4()).NotTo(Equal(a.Addr4()))
		g.Expect(reach(t, &gateway.Host, b, b.Addr4())).To(Succeed())
		g.Expect(f.Netlink().RouteAdd(&netlink.Route{Gw: net.IP(joint.Addr4().AsSlice())})).To(Succeed())
		g.Expect(reach(t, a, b, b.Addr4())).To(Succeed())
	})
	g.Expect(reach(t, a, &gateway.Host, gateway.Addr4())).To(Succeed(), "the other network's end leaves this one alone")
}

func TestExternalHostsAreChecked(t *testing.T) {
	net := nstest.New(t, set.NS_NET, nstest.Named("net"))
	for want, f := range map[string]func(n *topo.Network){
		`make the external host "h": there is no fixture`: func(n *topo.Network) { n.External("h", nil) },
		`the fixture files has no net namespace, only mnt`: func(n *topo.Network) {
			n.External("h", nstest.New(t, set.NS_MNT, nstest.Named("files")))
		},
		`the fixture clock: gonso: do`: func(n *topo.Network) {
			n.External("h", nstest.New(t, set.NS_TIME, nstest.Named("clock"), nstest.Sharing(net, set.NS_NET)))
		},
		`the fixture net is the host a already`: func(n *topo.Network) {
			n.External("a", net)
			n.External("b", net)
		},
		`make the external host "b": there is a node of that name`: func(n *topo.Network) { n.External(n.Host("b").Name(), net) },
		"host h: add the route to 198.51.100.0/24 via [192.0.2.2]: file exists": func(n *topo.Network) {
			h, r := n.External("h", net), n.Router("r")
			to, err := netlink.ParseIPNet("198.51.100.0/24")
			if err != nil {
				t.Error(err)
			}
			if err := net.Netlink().RouteAdd(&netlink.Route{Dst: to, LinkIndex: 1}); err != nil {
				t.Error(err)
			}
			n.Link(h, r, topo.Subnet("192.0.2.0/24"))
			n.Link(r, n.Host("far"), topo.Subnet("198.51.100.0/24"))
			n.Up()
		},
	} {
		text := failure.Text(t, func(tb testing.TB) { f(topo.New(tb)) })
		if !strings.HasPrefix(text, "topo: ") || !strings.Contains(text, want) {
			t.Errorf("ends with %q, want %q", text, want)
		}
	}
}
