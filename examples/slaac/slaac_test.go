// SPDX-License-Identifier: Apache-2.0

package slaac_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// TestMain lets an ordinary user run the tests.
func TestMain(m *testing.M) { nstest.Main(m) }

func TestHostsMakeThemselvesAddresses(t *testing.T) {
	n := topo.New(t)
	provider := n.Router("provider", topo.Delegate("2001:db8::/32", 56))
	home := n.Router("home", topo.Dynamic(), topo.Advertise())
	s, server := n.Switch("switch"), n.Host("server")
	phone, laptop := n.Host("phone", topo.Dynamic()), n.Host("laptop", topo.Dynamic())
	n.Link(home, provider)
	inside := n.Link(home, s)
	n.Link(s, phone)
	n.Link(s, laptop)
	n.Link(provider, server)
	n.Up()

	// Both are in the same network, the first of those that were delegated.
	network := netip.PrefixFrom(home.Delegated().Addr(), 64)
	for _, h := range []*topo.Host{phone, laptop} {
		if !network.Contains(h.Addr6()) {
			t.Errorf("the address of %s is %v, want one in %v", h.Name(), h.Addr6(), network)
		}
		expectReach(t, server, h)
	}
	expectReach(t, phone, laptop)

	// Two hosts at a switch need no router to talk.
	inside.Down()
	expectReach(t, laptop, phone)
}

// expectReach connects by IPv6.
func expectReach(t *testing.T, from, to *topo.Host) {
	t.Helper()
	listener := to.Listen("tcp6", ":0")
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).AddrPort().Port()
	conn, err := from.DialContext(t.Context(), "tcp6", netip.AddrPortFrom(to.Addr6(), port).String())
	if err != nil {
		t.Errorf("from %s to %s: %v", from.Name(), to.Name(), err)
		return
	}
	conn.Close()
}
