// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"fmt"
	"net/netip"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/vishvananda/netlink"
)

// A provider delegates a network to a home router, which advertises parts of it on two links.
func TestANetworkIsDelegated(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	isp := n.Router("isp", topo.Delegate("2001:db8::/32", 56), topo.DHCP4())
	home := n.Router("home", topo.Dynamic(), topo.Advertise(), topo.DHCP4())
	other := n.Router("other", topo.Dynamic())
	laptop, phone := n.Host("laptop", topo.Dynamic()), n.Host("phone", topo.Dynamic())
	server := n.Host("server")
	access := n.Link(home, isp)
	n.Link(home, laptop)
	n.Link(home, phone)
	n.Link(other, isp)
	n.Link(isp, server)
	n.Up()

	g.Expect(home.Delegated()).To(Equal(netip.MustParsePrefix("2001:db8::/56")))
	g.Expect(other.Delegated()).To(Equal(netip.MustParsePrefix("2001:db8:0:100::/56")))
	g.Expect(isp.Delegated()).To(Equal(netip.Prefix{}))
	g.Expect(fmt.Sprint(home.Addrs())).To(Equal("[10.0.0.1 fd00::1 10.0.1.1 2001:db8::1 10.0.2.1 2001:db8:0:1::1]"))
	g.Expect(fmt.Sprint(laptop.Addrs())).To(Equal("[10.0.1.2 2001:db8::74:6fff:fe00:3]"))
	g.Expect(fmt.Sprint(phone.Addrs())).To(Equal("[10.0.2.2 2001:db8:0:1:74:6fff:fe00:5]"))
	routes, err := isp.Netlink().RouteList(nil, netlink.FAMILY_V6)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(routes).To(ContainElement(HaveField("String()", ContainSubstring("2001:db8:0:100::/56 Src: <nil> Gw: fe80::"))))

	expectAll := func() {
		t.Helper()
		for _, to := range []*topo.Host{laptop, phone, server} {
			for _, address := range to.Addrs() {
				for _, from := range []*topo.Host{laptop, phone, server} {
					g.Expect(reach(t, from, to, address)).To(Succeed())
				}
			}
		}
	}
	expectAll()
	access.Down()
	access.Up()
	expectAll()
}

// Without topo.Advertise hosts have the addresses that DHCPv6 gives them, and no others.
func TestAddressesAreManaged(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	r, s, h, other := n.Router("r", topo.DHCP6()), n.Switch("s"), n.Host("h", topo.Dynamic()), n.Host("other", topo.Dynamic())
	n.Link(s, r)
	n.Link(s, h)
	near := n.Link(s, other)
	n.Link(r, n.Host("far"))
	n.Up()
	g.Expect(fmt.Sprint(h.Addrs())).To(Equal("[fd00::2]"))
	g.Expect(fmt.Sprint(other.Addrs())).To(Equal("[fd00::3]"))
	near.Down()
	near.Up()
	serve(other)
	serve(n.Nodes()[4].(*topo.Host))
	g.Expect(get(t, h, "other")).To(Succeed())
	g.Expect(get(t, h, "far")).To(Succeed())
	g.Expect(get(t, other, "far")).To(Succeed())
}
