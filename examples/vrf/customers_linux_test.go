// SPDX-License-Identifier: Apache-2.0

package vrf_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// TestMain lets an ordinary user run the tests.
func TestMain(m *testing.M) { nstest.Main(m) }

// dial connects, and returns what is said there.
func dial(t *testing.T, from interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}, to netip.Addr, port uint16) (string, error) {
	conn, err := from.DialContext(t.Context(), "tcp", netip.AddrPortFrom(to, port).String())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	said, err := io.ReadAll(conn)
	return string(said), err
}

// say has each connection told a word.
func say(l net.Listener, word string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return // it is closed at the end
		}
		_, _ = conn.Write([]byte(word)) // the test reads it, or fails
		conn.Close()
	}
}

func TestTwoCustomersWithTheSameAddresses(t *testing.T) {
	nstest.RequireFeatures(t, "vrf")
	g := NewWithT(t)
	n := topo.New(t)
	west, east := n.Router("west"), n.Router("east")
	clients, servers, cores := map[string]*topo.Host{}, map[string]*topo.Host{}, map[string]*topo.Link{}
	for _, name := range []string{"blue", "red"} {
		clients[name], servers[name] = n.Host(name+"-client"), n.Host(name+"-server")
		n.Link(clients[name], west, topo.VRF(west, name), topo.Subnet("192.0.2.0/24", "2001:db8:1::/64"))
		cores[name] = n.Link(west, east, topo.VRF(west, name), topo.VRF(east, name))
		n.Link(east, servers[name], topo.VRF(east, name), topo.Subnet("198.51.100.0/24", "2001:db8:2::/64"))
	}
	detour := n.Link(west, east, topo.VRF(west, "blue"), topo.VRF(east, "blue"), topo.Cost(10))
	manager := n.Host("manager")
	n.Link(manager, west)
	n.Up()

	g.Expect(servers["blue"].Addrs()).To(Equal(servers["red"].Addrs()))
	for name, server := range servers {
		go say(server.Listen("tcp", ":80"), name)
		go say(east.VRF(name).Listen("tcp", ":179"), "router of "+name)
	}
	expectAll := func(names ...string) {
		t.Helper()
		for _, name := range names {
			for _, to := range servers[name].Addrs() {
				g.Expect(dial(t, clients[name], to, 80)).To(Equal(name))
				g.Expect(dial(t, west.VRF(name), to, 80)).To(Equal(name))
			}
			g.Expect(dial(t, clients[name], netip.MustParseAddr("198.51.100.1"), 179)).To(Equal("router of " + name))
		}
	}
	expectAll("blue", "red")

	// Nobody else gets in, not even the router outside of its VRFs.
	for _, to := range servers["blue"].Addrs() {
		_, err := dial(t, manager, to, 80)
		g.Expect(err).To(SatisfyAny(MatchError(syscall.EHOSTUNREACH), MatchError(syscall.ENETUNREACH)))
		_, err = dial(t, west, to, 80)
		g.Expect(err).To(MatchError(syscall.ENETUNREACH))
	}

	// A link of one customer that is cut is nothing to the other one, and a way around it is of use to its owner only.
	cores["blue"].Down()
	expectAll("blue", "red")
	cores["blue"].Up()
	cores["red"].Down()
	expectAll("blue")
	_, err := dial(t, clients["red"], servers["red"].Addr4(), 80)
	g.Expect(err).To(SatisfyAny(MatchError(syscall.EHOSTUNREACH), MatchError(syscall.ENETUNREACH)))
	cores["red"].Up()
	detour.Set(topo.Delay(time.Millisecond), topo.Jitter(time.Millisecond)) // a cable may take its place
	cores["blue"].Down()
	expectAll("blue", "red")
}
