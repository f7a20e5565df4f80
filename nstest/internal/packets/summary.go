// SPDX-License-Identifier: Apache-2.0

package packets

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// A Decoded packet is what its headers say, as far as they are known.
type Decoded struct {
	VLAN     int    // of the outermost tag, or 0
	Protocol string // such as TCP, UDP, ICMP, ARP
	Details  string // such as "SYN", of its protocol
	Error    bool   // it says that another packet was not taken: a reset, an error of ICMP
	From, To string // addresses, with ports where there are some
	Payload  []byte // of TCP and UDP
}

// The EtherTypes that are looked into.
const (
	typeIPv4  = 0x0800
	typeARP   = 0x0806
	typeVLAN  = 0x8100
	typeQinQ  = 0x88a8
	typeIPv6  = 0x86dd
	ethernet  = 14 // bytes of the header
	vlanTag   = 4
	leastIPv4 = 20
	leastIPv6 = 40
)

// Decode looks into a frame, or into a packet of IP if ip is true.
func Decode(data []byte, ip bool) (d Decoded) {
	if ip {
		if len(data) > 0 && data[0]>>4 == 6 {
			d.decodeIPv6(data)
		} else {
			d.decodeIPv4(data)
		}
		return d
	}
	if len(data) < ethernet {
		return Decoded{Protocol: "no Ethernet frame"}
	}
	kind, rest := int(binary.BigEndian.Uint16(data[12:])), data[ethernet:]
	for (kind == typeVLAN || kind == typeQinQ) && len(rest) >= vlanTag {
		if d.VLAN == 0 {
			d.VLAN = int(binary.BigEndian.Uint16(rest) & 0xfff)
		}
		kind, rest = int(binary.BigEndian.Uint16(rest[2:])), rest[vlanTag:]
	}
	d.Protocol = fmt.Sprintf("type %#04x", kind)
	d.To, d.From = net.HardwareAddr(data[:6]).String(), net.HardwareAddr(data[6:12]).String()
	switch kind {
	case typeIPv4:
		d.decodeIPv4(rest)
	case typeIPv6:
		d.decodeIPv6(rest)
	case typeARP:
		d.decodeARP(rest)
	}
	return d
}

// decodeARP is for Ethernet and IPv4 (RFC 826).
func (d *Decoded) decodeARP(b []byte) {
	d.Protocol = "ARP"
	if len(b) < 28 || b[4] != 6 || b[5] != 4 {
		return
	}
	d.From, d.To = address(b[14:18]), address(b[24:28])
	switch binary.BigEndian.Uint16(b[6:]) {
	case 1:
		d.Details = "request"
	case 2:
		d.Details = "reply"
	}
}

func (d *Decoded) decodeIPv4(b []byte) {
	d.Protocol = "IPv4"
	if len(b) < leastIPv4 {
		return
	}
	header := int(b[0]&0xf) * 4
	total := int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 { // segments of more than 64 KB (BIG TCP)
		total = len(b)
	}
	d.From, d.To = address(b[12:16]), address(b[16:20])
	if header < leastIPv4 || header > len(b) || total < header {
		return
	}
	if fragment := binary.BigEndian.Uint16(b[6:]) & 0x1fff; fragment != 0 {
		d.Details = fmt.Sprintf("fragment at %d", int(fragment)*8)
		return
	}
	d.decodeTransport(b[9], b[header:min(total, len(b))])
}

func (d *Decoded) decodeIPv6(b []byte) {
	d.Protocol = "IPv6"
	if len(b) < leastIPv6 {
		return
	}
	d.From, d.To = address(b[8:24]), address(b[24:40])
	next, rest := b[6], b[leastIPv6:]
	if total := int(binary.BigEndian.Uint16(b[4:])); total > 0 && total < len(rest) {
		rest = rest[:total]
	}
	for len(rest) >= 8 && (next == 0 || next == 43 || next == 60) { // hop-by-hop, routing, destination options
		length := 8 + int(rest[1])*8
		if length > len(rest) {
			return
		}
		next, rest = rest[0], rest[length:]
	}
	d.decodeTransport(next, rest)
}

// The names of protocols that are written more than once.
const icmp, icmpv6 = "ICMP", "ICMPv6"

// transports are the names of those that are not looked into.
var transports = map[byte]string{
	2: "IGMP", 4: "IPIP", 41: "IPv6", 47: "GRE", 50: "ESP", 51: "AH", 89: "OSPF", 103: "PIM", 112: "VRRP", 132: "SCTP",
}

func (d *Decoded) decodeTransport(protocol byte, b []byte) {
	switch {
	case protocol == 6 && len(b) >= 20:
		d.Protocol, d.Details, d.Error = "TCP", tcpFlags(b[13]), b[13]&rst != 0
		d.ports(b)
		if header := int(b[12]>>4) * 4; header <= len(b) {
			d.Payload = b[header:]
		}
	case protocol == 17 && len(b) >= 8:
		d.Protocol, d.Payload = "UDP", b[8:]
		d.ports(b)
	case protocol == 1 && len(b) >= 2:
		d.decodeICMP(icmp, icmp4, b)
	case protocol == 58 && len(b) >= 2:
		d.decodeICMP(icmpv6, icmp6, b)
	default:
		d.Details = cmp.Or(transports[protocol], fmt.Sprintf("protocol %d", protocol))
	}
}

// ports adds those of TCP and UDP to the addresses.
func (d *Decoded) ports(b []byte) {
	d.From = net.JoinHostPort(d.From, fmt.Sprint(binary.BigEndian.Uint16(b)))
	d.To = net.JoinHostPort(d.To, fmt.Sprint(binary.BigEndian.Uint16(b[2:])))
}

func address(b []byte) string {
	ip, _ := netip.AddrFromSlice(b) // the length is right
	return ip.String()
}

// rst is the flag of a TCP segment that resets.
const rst = 0x04

// tcpFlags names those of a segment.
func tcpFlags(b byte) string {
	var names []string
	for _, flag := range []struct {
		bit  byte
		name string
	}{{0x02, "SYN"}, {0x01, "FIN"}, {rst, "RST"}, {0x08, "PSH"}, {0x10, "ACK"}} {
		if b&flag.bit != 0 {
			names = append(names, flag.name)
		}
	}
	return strings.Join(names, " ")
}

// String is such as "TCP SYN 192.0.2.1:40612 > 192.0.2.2:80".
func (d Decoded) String() string {
	text := d.Protocol
	if d.VLAN != 0 {
		text = fmt.Sprintf("VLAN %d, %s", d.VLAN, text)
	}
	if d.Details != "" {
		text += " " + d.Details
	}
	if d.From != "" {
		text += " " + d.From + " > " + d.To
	}
	return text
}
