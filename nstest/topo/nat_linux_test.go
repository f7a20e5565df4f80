// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// A behaviour is what RFC 4787 and RFC 5780 have words for, and what is seen from outside.
type behaviour struct {
	mapping   string // of UDP
	filtering string // of UDP
	tcp       string // the mapping of TCP
	preserves bool   // the external port is the internal one
	hairpin   bool
	ipv6      bool // unasked packets of IPv6 get inside
}

const (
	independent = "endpoint-independent"
	dependent   = "address and port-dependent"
)

var presets = map[string]struct {
	preset func(...topo.NATOption) topo.NodeOption
	behaviour
}{
	"home":          {topo.HomeNAT, behaviour{independent, dependent, independent, true, true, false}},
	"full cone":     {topo.FullConeNAT, behaviour{independent, independent, independent, true, true, true}},
	"carrier-grade": {topo.CarrierGradeNAT, behaviour{independent, independent, independent, false, true, true}},
	"symmetric":     {topo.SymmetricNAT, behaviour{dependent, dependent, dependent, false, false, false}},
	"cloud":         {topo.CloudNAT, behaviour{dependent, dependent, dependent, false, false, false}},
}

func TestNATBehaviour(t *testing.T) {
	for name, p := range presets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, p.preset())
			NewWithT(t).Expect(w.measure(p.behaviour)).To(Equal(p.behaviour))
		})
	}
}

// A world has two hosts behind a router, and two servers outside.
type world struct {
	t              *testing.T
	network        *topo.Network
	a, b           *topo.Host
	router         *topo.Router
	first, second  *topo.Host
	at, port, host net.PacketConn // of the first server, at another port of it, and of the second one
}

func newWorld(t *testing.T, presets ...topo.NodeOption) *world {
	n := topo.New(t)
	w := &world{t: t, network: n, a: n.Host("a"), b: n.Host("b"), router: n.Router("router", presets...), first: n.Host("first"), second: n.Host("second")}
	lan, isp := n.Switch("lan"), n.Router("isp")
	for _, inside := range []topo.Node{w.a, w.b, w.router} {
		n.Link(inside, lan)
	}
	n.Link(w.router, isp, topo.Outside(w.router))
	n.Link(isp, w.first)
	n.Link(isp, w.second)
	n.Up()
	w.at, w.port, w.host = w.first.ListenPacket("udp", ":9"), w.first.ListenPacket("udp", ":10"), w.second.ListenPacket("udp", ":9")
	return w
}

// endpoint is where others find a socket of a host.
func endpoint(h *topo.Host, conn net.PacketConn) netip.AddrPort {
	return netip.AddrPortFrom(h.Addr4(), conn.LocalAddr().(*net.UDPAddr).AddrPort().Port())
}

func send(t *testing.T, from net.PacketConn, to netip.AddrPort, text string) {
	t.Helper()
	if _, err := from.WriteTo([]byte(text), net.UDPAddrFromAddrPort(to)); err != nil {
		t.Fatalf("send %q to %v: %v", text, to, err)
	}
}

// hear returns who has sent what comes next, which is to be text.
func hear(t *testing.T, at net.PacketConn, text string) netip.AddrPort {
	t.Helper()
	buffer := make([]byte, len(text)+100)
	if err := at.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	size, from, err := at.ReadFrom(buffer)
	if err != nil {
		t.Fatalf("%q does not come: %v", text, err)
	}
	if got := string(buffer[:size]); got != text {
		t.Errorf("%q comes from %v, want %q", got, from, text)
	}
	who := from.(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(who.Addr().Unmap(), who.Port())
}

// mapped returns as whom a server sees a host inside.
func (w *world) mapped(from net.PacketConn, server *topo.Host, at net.PacketConn) netip.AddrPort {
	w.t.Helper()
	send(w.t, from, endpoint(server, at), "mapping")
	return hear(w.t, at, "mapping")
}

// measure returns what the router does. What is not to arrive is not waited for.
func (w *world) measure(want behaviour) (got behaviour) {
	w.t.Helper()
	g := NewWithT(w.t)
	from := w.a.ListenPacket("udp4", ":4000")
	mapping := []netip.AddrPort{w.mapped(from, w.first, w.at), w.mapped(from, w.first, w.port), w.mapped(from, w.second, w.host)}
	got.mapping = kindOf(w.t, mapping)
	got.preserves = mapping[0].Port() == 4000
	g.Expect(mapping[0].Addr()).To(Equal(w.router.Addrs()[2]), "outside sees the router's address there")

	// The same port inside, of another host, is another one outside, and as much one.
	other := w.b.ListenPacket("udp4", ":4000")
	others := []netip.AddrPort{w.mapped(other, w.first, w.at), w.mapped(other, w.first, w.port), w.mapped(other, w.second, w.host)}
	g.Expect(kindOf(w.t, others)).To(Equal(got.mapping))
	g.Expect(others).NotTo(ContainElement(BeElementOf(mapping)))

	got.filtering = w.filtering(want.filtering)
	got.hairpin = w.hairpins(want.hairpin)
	got.ipv6 = w.lets6(want.ipv6)
	got.tcp = w.mappingOfTCP()
	w.refuses(11)
	return got
}

func kindOf(t *testing.T, mapping []netip.AddrPort) string {
	distinct := slices.Compact(slices.SortedFunc(slices.Values(mapping), netip.AddrPort.Compare))
	switch len(distinct) {
	case 1:
		return independent
	case len(mapping):
		return dependent
	}
	t.Errorf("mapping of another kind: %v", mapping)
	return ""
}

// filtering returns who may send to a mapping that a packet to the first server has made.
func (w *world) filtering(want string) string {
	from := w.a.ListenPacket("udp4", ":4001")
	mapping := w.mapped(from, w.first, w.at)
	send(w.t, w.at, netip.AddrPortFrom(w.a.Addr4(), 4001), "to the address inside")
	send(w.t, w.host, netip.AddrPortFrom(mapping.Addr(), 4002), "to a port without a mapping")
	send(w.t, w.port, mapping, "from another port")
	if want == independent {
		hear(w.t, from, "from another port")
	}
	send(w.t, w.host, mapping, "from another host")
	if want == independent {
		hear(w.t, from, "from another host")
	}
	send(w.t, w.at, mapping, "answer")
	hear(w.t, from, "answer")
	return want
}

// hairpins reports whether one host inside reaches another by its external address.
func (w *world) hairpins(want bool) bool {
	from, to := w.a.ListenPacket("udp4", ":4003"), w.b.ListenPacket("udp4", ":4004")
	mine, its := w.mapped(from, w.first, w.at), w.mapped(to, w.first, w.at)
	send(w.t, from, its, "hairpin")
	if want {
		if seen := hear(w.t, to, "hairpin"); seen != mine {
			w.t.Errorf("a hairpin packet comes from %v, want the external %v", seen, mine)
		}
		send(w.t, to, mine, "back")
		if seen := hear(w.t, from, "back"); seen != its {
			w.t.Errorf("a hairpin packet comes back from %v, want %v", seen, its)
		}
	}
	send(w.t, w.at, its, "answer")
	hear(w.t, to, "answer")
	return want
}

// lets6 reports whether packets of IPv6 get inside that nobody there has asked for.
func (w *world) lets6(want bool) bool {
	inside := w.a.ListenPacket("udp6", ":4005")
	send(w.t, w.at, netip.AddrPortFrom(w.a.Addr6(), 4005), "unasked")
	if want {
		hear(w.t, inside, "unasked")
	}
	send(w.t, inside, netip.AddrPortFrom(w.first.Addr6(), 9), "question")
	if from := hear(w.t, w.at, "question"); from.Addr() != w.a.Addr6() {
		w.t.Errorf("an address of IPv6 is translated to %v", from)
	}
	send(w.t, w.at, netip.AddrPortFrom(w.a.Addr6(), 4005), "answer")
	hear(w.t, inside, "answer")
	return want
}

// mappingOfTCP dials two servers from one port.
func (w *world) mappingOfTCP() string {
	var mapping []netip.AddrPort
	for _, server := range []*topo.Host{w.first, w.second} {
		l := server.Listen("tcp4", ":80")
		conn := dialFrom(w.t, w.a, 4006, netip.AddrPortFrom(server.Addr4(), 80))
		defer conn.Close()
		accepted, err := l.Accept()
		if err != nil {
			w.t.Fatal(err)
		}
		defer accepted.Close()
		mapping = append(mapping, accepted.RemoteAddr().(*net.TCPAddr).AddrPort())
	}
	return kindOf(w.t, mapping)
}

// dialFrom dials from a port that may be in use for another connection.
func dialFrom(t *testing.T, h *topo.Host, port uint16, to netip.AddrPort) (conn net.Conn) {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{Port: int(port)}, Timeout: 20 * time.Second, Control: func(_, _ string, c syscall.RawConn) (err error) {
		e := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) })
		return errors.Join(e, err)
	}}
	var err error
	e := h.Set().Do(func() { conn, err = d.DialContext(t.Context(), "tcp4", to.String()) })
	if err = errors.Join(e, err); err != nil {
		t.Fatal(err)
	}
	return conn
}

// refuses makes sure that a host inside learns of errors outside.
func (w *world) refuses(closed uint16) {
	w.t.Helper()
	w.refusesAt(netip.AddrPortFrom(w.first.Addr4(), closed))
}

func (w *world) refusesAt(closed netip.AddrPort) {
	w.t.Helper()
	conn, err := w.a.DialContext(w.t.Context(), "udp", closed.String())
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	if _, err := conn.Write([]byte("nobody is there")); err != nil {
		w.t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNREFUSED) {
		w.t.Errorf("a datagram to a closed port outside: %v, want %v", err, syscall.ECONNREFUSED)
	}
}
