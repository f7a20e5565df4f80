// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"net/netip"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// A router such as people buy: it has its addresses from the provider, and gives others to those inside.
func TestHomeNATHasTheAddressThatItHasAskedFor(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	provider, server := n.Router("provider", topo.Delegate("2001:db8::/32", 56), topo.DHCP4()), n.Host("server")
	home := n.Router("home", topo.HomeNAT(), topo.Dynamic(), topo.Advertise(), topo.DHCP4())
	uplink := n.Link(provider, home, topo.Outside(home))
	client := n.Host("client", topo.Dynamic())
	n.Link(home, client)
	n.Link(provider, server)
	n.Up()
	at, inside := server.ListenPacket("udp", ":9"), client.ListenPacket("udp", ":4000")
	ask := func(to netip.Addr) netip.Addr {
		send(t, inside, netip.AddrPortFrom(to, 9), "question")
		from := hear(t, at, "question")
		send(t, at, from, "answer")
		hear(t, inside, "answer")
		return from.Addr()
	}
	g.Expect(ask(server.Addr4())).To(Equal(home.Addr4()))
	g.Expect(ask(server.Addr6())).To(Equal(client.Addr6()))

	uplink.Down()
	uplink.Up()
	g.Expect(ask(server.Addr4())).To(Equal(home.Addr4()))
}
