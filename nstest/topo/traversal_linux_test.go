// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

func TestHolePunching(t *testing.T) {
	for _, c := range []struct {
		a, b    string
		reaches bool
	}{
		{"home", "home", true},
		{"home", "full cone", true},
		{"full cone", "carrier-grade", true},
		{"full cone", "symmetric", true}, // answers go where packets come from
		{"carrier-grade", "cloud", true},
		{"home", "symmetric", false}, // packets come from another port than the server has seen
		{"symmetric", "cloud", false},
		{"symmetric", "symmetric", false},
	} {
		t.Run(c.a+" and "+c.b, func(t *testing.T) {
			t.Parallel()
			n := topo.New(t)
			isp, server := n.Router("isp"), n.Host("server")
			n.Link(isp, server)
			behind := func(name, preset string) *topo.Host {
				h, r := n.Host(name), n.Router(name+"-nat", presets[preset].preset())
				n.Link(h, r)
				n.Link(r, isp, topo.Outside(r))
				return h
			}
			a, b := newPeer(behind("a", c.a)), newPeer(behind("b", c.b))
			n.Up()
			punch(t, server, a, b, c.reaches)
		})
	}
}

func TestHolePunchingThroughTwoRouters(t *testing.T) {
	n := topo.New(t)
	isp, server := n.Router("isp"), n.Host("server")
	n.Link(isp, server)
	carrier := n.Router("carrier", topo.CarrierGradeNAT())
	n.Link(carrier, isp, topo.Outside(carrier))
	var peers []*peer
	for _, name := range []string{"a", "b"} {
		h, home := n.Host(name), n.Router(name+"-home", topo.HomeNAT())
		n.Link(h, home)
		n.Link(home, carrier, topo.Outside(home))
		peers = append(peers, newPeer(h))
	}
	n.Up()
	punch(t, server, peers[0], peers[1], true) // by the carrier's hairpinning
}

// A peer is a host that looks for another one.
type peer struct {
	*topo.Host
	conn  net.PacketConn
	other netip.AddrPort // where it is, as far as is known
	heard bool
}

func newPeer(h *topo.Host) *peer { return &peer{Host: h} }

// punch has two peers tell each other by a server where they are seen, and send packets there.
func punch(t *testing.T, server *topo.Host, a, b *peer, reaches bool) {
	t.Helper()
	meeting := server.ListenPacket("udp4", ":9")
	var seen []netip.AddrPort
	for _, p := range []*peer{a, b} {
		p.conn = p.ListenPacket("udp4", ":4000")
		send(t, p.conn, endpoint(server, meeting), "here I am")
		seen = append(seen, hear(t, meeting, "here I am"))
	}
	a.other, b.other = seen[1], seen[0]
	rounds := 10 // if there is no way, and else enough for the slowest
	if reaches {
		rounds = 10_000
	}
	for round := 0; round < rounds && !(a.heard && b.heard); round++ {
		for _, p := range []*peer{a, b} {
			send(t, p.conn, p.other, "hello")
		}
		for i, p := range []*peer{a, b} {
			send(t, meeting, seen[i], "next")
			p.listen(t)
		}
	}
	if a.heard != reaches || b.heard != reaches {
		t.Errorf("a packet arrives at a: %t, at b: %t, want %t", a.heard, b.heard, reaches)
	}
}

// listen takes all packets until the server's, and notes where the other one is.
func (p *peer) listen(t *testing.T) {
	t.Helper()
	if err := p.conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 10)
	for {
		size, from, err := p.conn.ReadFrom(buffer)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("the server's packet does not arrive")
		}
		if err != nil {
			t.Fatal(err)
		}
		if string(buffer[:size]) == "next" {
			return
		}
		who := from.(*net.UDPAddr).AddrPort()
		p.heard, p.other = true, netip.AddrPortFrom(who.Addr().Unmap(), who.Port())
	}
}
