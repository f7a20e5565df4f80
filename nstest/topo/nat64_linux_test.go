// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// in64 is where hosts behind a NAT64 find an IPv4 address.
func in64(a netip.Addr) netip.Addr {
	b := netip.MustParseAddr("64:ff9b::").As16()
	four := a.As4()
	copy(b[12:], four[:])
	return netip.AddrFrom16(b)
}

// new64 is a world with IPv6 alone inside, by links of that kind, and IPv4 alone at the servers.
func new64(t *testing.T, opts ...topo.LinkOption) *world {
	n := topo.New(t)
	w := &world{t: t, network: n, a: n.Host("a"), b: n.Host("b"), router: n.Router("router", topo.NAT64()), first: n.Host("first"), second: n.Host("second")}
	lan, isp := n.Switch("lan"), n.Router("isp")
	for _, inside := range []topo.Node{w.a, w.b, w.router} {
		n.Link(inside, lan, opts...)
	}
	n.Link(w.router, isp, topo.Outside(w.router))
	n.Link(isp, w.first, topo.Subnet("198.51.100.0/24"))
	n.Link(isp, w.second, topo.Subnet("203.0.113.0/24"))
	n.Up()
	w.at, w.port, w.host = w.first.ListenPacket("udp", ":9"), w.first.ListenPacket("udp", ":10"), w.second.ListenPacket("udp", ":9")
	return w
}

func TestNAT64Behaviour(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := new64(t)
	g.Expect(w.a.Addrs()).To(HaveEach(HaveField("Is6()", true)), "inside is no IPv4")
	outside := w.router.Addrs()[1]
	g.Expect(outside.Is4()).To(BeTrue())

	from, other := w.a.ListenPacket("udp", ":4000"), w.b.ListenPacket("udp", ":4000")
	mapped := func(from net.PacketConn, server *topo.Host, at net.PacketConn, port uint16) netip.AddrPort {
		send(t, from, netip.AddrPortFrom(in64(server.Addr4()), port), "mapping")
		return hear(t, at, "mapping")
	}
	mapping := mapped(from, w.first, w.at, 9)
	g.Expect(mapping).To(Equal(netip.AddrPortFrom(outside, 4000)))
	g.Expect(mapped(from, w.second, w.host, 9)).To(Equal(mapping))
	its := mapped(other, w.first, w.at, 9)
	g.Expect(its.Port()).NotTo(Equal(mapping.Port()))

	send(t, w.port, mapping, "from another port")
	send(t, w.at, mapping, "answer")
	g.Expect(hear(t, from, "answer")).To(Equal(netip.AddrPortFrom(in64(w.first.Addr4()), 9)))

	send(t, from, netip.AddrPortFrom(in64(its.Addr()), its.Port()), "hairpin")
	g.Expect(hear(t, other, "hairpin")).To(Equal(netip.AddrPortFrom(in64(mapping.Addr()), mapping.Port())))
}

func TestNAT64CarriesAllKinds(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := new64(t)
	serve(w.first)
	g.Expect(get(t, w.a, "first")).To(Succeed(), "by its name")
	g.Expect(w.a).To(nstest.Reach(in64(w.first.Addr4()).String()), "ping")
	w.refusesAt(netip.AddrPortFrom(in64(w.first.Addr4()), 11))

	// Fragments, both ways: 3000 bytes are two of them, and more.
	from := w.a.ListenPacket("udp", ":4000")
	large := string(bytes.Repeat([]byte("0123456789"), 300))
	send(t, from, netip.AddrPortFrom(in64(w.first.Addr4()), 9), large)
	send(t, w.at, hear(t, w.at, large), large)
	hear(t, from, large)
}

// A server is told of packets that are too large for a link inside.
func TestNAT64TellsOfPacketsThatAreTooLarge(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	const small = 1280
	w := new64(t, topo.MTU(small))
	from := w.a.ListenPacket("udp", ":4000")
	send(t, from, netip.AddrPortFrom(in64(w.first.Addr4()), 9), "question")
	mapping := hear(t, w.at, "question")
	whole(t, w.at)
	const headers4 = 20 + 8
	large := func(size int) error {
		_, err := w.at.WriteTo(make([]byte, size), net.UDPAddrFromAddrPort(mapping))
		return err
	}
	g.Eventually(large).WithArguments(small - 20 - headers4 + 1).WithTimeout(long).Should(MatchError(syscall.EMSGSIZE))
	g.Expect(large(small-20-headers4)).To(Succeed(), "as large as a packet of %d bytes of IPv6", small)
	g.Expect(from.SetReadDeadline(time.Now().Add(long))).To(Succeed())
	n, _, err := from.ReadFrom(make([]byte, 2000))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(n).To(Equal(small - 20 - headers4))
}

// whole has the kernel never fragment what a socket sends, but return an error (ip(7), IP_MTU_DISCOVER).
func whole(t *testing.T, conn net.PacketConn) {
	t.Helper()
	raw, err := conn.(*net.UDPConn).SyscallConn()
	if err == nil {
		e := raw.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_MTU_DISCOVER, syscall.IP_PMTUDISC_DO)
		})
		err = errors.Join(e, err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestPartitionHoldsThroughNAT64(t *testing.T) {
	t.Parallel()
	w := new64(t)
	from := w.a.ListenPacket("udp", ":4000")
	to := netip.AddrPortFrom(in64(w.first.Addr4()), 9)
	w.network.Partition([]topo.Node{w.a}, []topo.Node{w.first})
	send(t, from, to, "lost")
	w.network.Heal()
	send(t, from, to, "heard")
	hear(t, w.at, "heard")
}
