// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/siit"
)

// NAT64 makes a router translate between IPv6 and IPv4, as many mobile networks do. Hosts inside have only
// IPv6, and reach IPv4 by the addresses 64:ff9b::/96 (RFC 6146, RFC 6052). Networks inside get no IPv4
// addresses, unless the test gives them some. UDP, TCP, ICMP echo and ICMP errors are translated (RFC 7915);
// mapping, filtering and hairpinning are those of [HomeNAT]. IPv6 packets to all other addresses are forwarded
// as they are. Fragments of IPv4 packets can only get inside if the links there have an MTU of 1500 bytes.
//
// Names resolve as with DNS64 (RFC 6147): the name of a node without an IPv6 address also resolves to its
// address in 64:ff9b::/96. Contrary to RFC 6052, that works for private IPv4 addresses, too. The link that
// leads outside is marked by [Outside].
func NAT64(opts ...NATOption) NodeOption {
	return natPreset(nat{name: "NAT64", hairpin: true, preserves: true, first: userPorts, ports: allUserPorts,
		udp: 5 * time.Minute, tcp: longestTCP, six: true}, opts)
}

// How a router translates between the families: it has two interfaces more, the ends of one cable of package
// cable. What the kernel sends to 64:ff9b::/96 goes into the first one, is translated by the cable, and comes
// out of the second one, as an IPv4 packet of a host in 240.0.0.0/8, from where the kernel routes and
// translates it as one of any host inside. Answers go the other way round:
//
//	inside, IPv6 -> nat64-6 [ cable, package siit ] nat64-4 -> masquerading, outside
//
// Both interfaces have the same MAC address, so that a frame's header is right for both, and do without ARP and
// neighbour discovery.
var (
	prefix64 = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	// 240.0.0.0/4 is reserved, so that no test has it (RFC 1112); the kernel takes it as any other.
	prefix4 = netip.MustParsePrefix("240.0.0.0/8")
	own4    = netip.MustParseAddr("240.0.0.1")
	// The IPv4 address of the IPv6 end is not one of the router's: it would take no packet from itself.
	of6   = netip.MustParseAddr("240.0.0.2")
	mac64 = net.HardwareAddr{2, 0, 0, 0, 0, 0x64}
)

const (
	name6, name4   = "nat64-6", "nat64-4"
	index6, index4 = firstIndex - 11, firstIndex - 10
	// A fragment of this size fits into 1500 bytes with the two headers of IPv6.
	mtu4 = 1472
)

// in64 returns an IPv4 address as hosts inside see it.
func in64(a netip.Addr) netip.Addr {
	all, four := prefix64.Addr().As16(), a.As4()
	copy(all[12:], four[:])
	return netip.AddrFrom16(all)
}

// allIn64 returns the IPv4 ones of addresses as hosts inside see them.
func allIn64(addresses []netip.Addr) (list []netip.Addr) {
	for _, a := range addresses {
		if a.Is4() {
			list = append(list, in64(a))
		}
	}
	return list
}

// A translator is who is whom in the other family. It is called by one goroutine.
type translator struct {
	next  netip.Addr
	four  map[netip.Addr]netip.Addr // of hosts inside
	six   map[netip.Addr]netip.Addr
	count uint16
}

func newTranslator() *translator {
	return &translator{next: of6, four: make(map[netip.Addr]netip.Addr), six: make(map[netip.Addr]netip.Addr)}
}

// to4 returns the IPv4 address of one of IPv6. Each host inside gets one when it is seen first.
func (t *translator) to4(a netip.Addr) (netip.Addr, bool) {
	if prefix64.Contains(a) {
		all := a.As16()
		return netip.AddrFrom4([4]byte(all[12:])), true
	}
	if four, known := t.four[a]; known {
		return four, true
	}
	if !a.IsGlobalUnicast() || !prefix4.Contains(t.next.Next()) {
		return netip.Addr{}, false
	}
	t.next = t.next.Next()
	t.four[a], t.six[t.next] = t.next, a
	return t.next, true
}

// to6 returns the IPv6 address of one of IPv4.
func (t *translator) to6(a netip.Addr) (netip.Addr, bool) {
	if six, known := t.six[a]; known {
		return six, true
	}
	return in64(a), a == own4 || a == of6 || !prefix4.Contains(a)
}

// frame translates what goes through the cable.
func (t *translator) frame(f cable.Frame) cable.Verdict {
	const header, typeAt, ipv4, ipv6 = 14, 12, 0x0800, 0x86dd
	drop := cable.Verdict{Drop: true}
	if len(f.Data) < header {
		return drop
	}
	kind, packet := binary.BigEndian.Uint16(f.Data[typeAt:]), f.Data[header:]
	var err error
	switch {
	case f.Direction == impair.AToB && kind == ipv6:
		t.count++
		kind = ipv4
		packet, err = siit.To4(packet, t.to4, t.count)
	case f.Direction == impair.BToA && kind == ipv4:
		kind = ipv6
		packet, err = siit.To6(packet, t.to6)
	default:
		return drop
	}
	if errors.Is(err, siit.ErrUntranslatable) {
		return drop
	}
	return cable.Verdict{Data: append(binary.BigEndian.AppendUint16(f.Data[:typeAt:typeAt], kind), packet...)}
}

// has64 reports whether the network has a router that translates between the families.
func (n *Network) has64() bool {
	for _, node := range n.nodes {
		if node.config.nat != nil && node.config.nat.six {
			return true
		}
	}
	return false
}

// inside64 returns the router that the segment is inside of, by which IPv4 is reached from IPv6, or nil.
func (s *segment) inside64() *node {
	for _, e := range s.routers {
		if t := e.node.config.nat; t != nil && t.six && !e.outside() {
			return e.node
		}
	}
	return nil
}

// synthesized returns the addresses that DNS64 gives a node without one of IPv6.
func (n *node) synthesized() []netip.Addr {
	if slices.ContainsFunc(n.addrs(), netip.Addr.Is6) {
		return nil
	}
	return allIn64(n.addrs())
}
