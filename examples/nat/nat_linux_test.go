// SPDX-License-Identifier: Apache-2.0

package nat_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/examples/nat"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// TestMain lets an ordinary user run the tests.
func TestMain(m *testing.M) { nstest.Main(m) }

func TestMasqueradeTranslatesEachPacket(t *testing.T) {
	nstest.RequireFeatures(t, "nftables")
	n := topo.New(t)
	client, router, server := n.Host("client"), n.Router("router"), n.Host("server")
	n.Link(client, router, topo.Subnet("192.168.1.0/24"))
	wan := n.Link(router, server, topo.Subnet("203.0.113.0/24"), topo.Address(router, "203.0.113.1/24"))
	n.Up()
	router.Do(func() {
		if err := nat.Masquerade(netip.MustParsePrefix("192.168.1.0/24"), wan.End(router).Name()); err != nil {
			t.Fatal(err)
		}
	})

	// Three questions, and an answer to each.
	const questions = 3
	service, conn := server.ListenPacket("udp", ":9"), client.ListenPacket("udp", ":9")
	for range questions {
		send(t, conn, netip.AddrPortFrom(server.Addr4(), 9))
		seen := receive(t, service)
		if want := netip.MustParseAddr("203.0.113.1"); seen.Addr() != want {
			t.Errorf("the server sees %v, want the router, %v", seen, want)
		}
		send(t, service, seen)
		if from := receive(t, conn); from.Addr() != server.Addr4() {
			t.Errorf("the client is answered by %v, want %v", from, server.Addr4())
		}
	}

	router.Do(func() {
		for counter, want := range map[string]uint64{nat.Translated: questions, nat.Leaked: 0} {
			if got, err := nat.Packets(counter); err != nil || got != want {
				t.Errorf("%d packets %s, want %d (error: %v)", got, counter, want, err)
			}
		}
	})
}

func send(t *testing.T, from net.PacketConn, to netip.AddrPort) {
	t.Helper()
	if _, err := from.WriteTo([]byte("packet"), net.UDPAddrFromAddrPort(to)); err != nil {
		t.Fatal(err)
	}
}

// receive returns where the next packet comes from.
func receive(t *testing.T, at net.PacketConn) netip.AddrPort {
	t.Helper()
	if err := at.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, from, err := at.ReadFrom(make([]byte, 100))
	if err != nil {
		t.Fatal(err)
	}
	who := from.(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(who.Addr().Unmap(), who.Port())
}
