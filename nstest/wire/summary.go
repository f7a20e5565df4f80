// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"strings"

	"github.com/gopacket/gopacket/layers"
)

// String describes the frame in a line, such as "frame 5, b to a, TCP FIN ACK 192.0.2.2:80 > 192.0.2.1:40612, 66 bytes". One
// of [Decode] has no number.
func (f *Frame) String() string {
	if f.From == nil {
		return fmt.Sprintf("%s, %d bytes", f.Summary(), len(f.data))
	}
	return fmt.Sprintf("frame %d, %s to %s, %s, %d bytes", f.Number, f.From.Name(), f.To.Name(), f.Summary(), len(f.data))
}

// Summary describes an Ethernet frame, see [Frame.Summary].
func Summary(frame []byte) string { return (&Frame{data: frame}).Summary() }

// Summary describes the frame without its number and length, such as "TCP SYN 192.0.2.1:40612 > 192.0.2.2:80".
func (f *Frame) Summary() string {
	text := f.protocol()
	if vlan := f.VLAN(); vlan != nil {
		text = fmt.Sprintf("VLAN %d, %s", vlan.VLANIdentifier, text)
	}
	return text
}

func (f *Frame) protocol() string {
	if arp := f.ARP(); arp != nil && len(arp.SourceProtAddress) == 4 && len(arp.DstProtAddress) == 4 {
		what := map[uint16]string{layers.ARPRequest: "who has", layers.ARPReply: "answer to"}[arp.Operation]
		return fmt.Sprintf("ARP %s %v from %v", what, ip4(arp.DstProtAddress), ip4(arp.SourceProtAddress))
	}
	from, to := "", ""
	if network := f.Packet().NetworkLayer(); network != nil {
		from, to = network.NetworkFlow().Src().String(), network.NetworkFlow().Dst().String()
	}
	tcp, udp, icmp4, icmp6 := f.TCP(), f.UDP(), f.ICMPv4(), f.ICMPv6()
	switch {
	case tcp != nil:
		return fmt.Sprintf("TCP %s%s > %s", flags(tcp), endpoint(from, uint16(tcp.SrcPort)), endpoint(to, uint16(tcp.DstPort)))
	case udp != nil:
		return fmt.Sprintf("UDP %s > %s", endpoint(from, uint16(udp.SrcPort)), endpoint(to, uint16(udp.DstPort)))
	case icmp4 != nil:
		return fmt.Sprintf("ICMP %v %s > %s", icmp4.TypeCode, from, to)
	case icmp6 != nil:
		what := icmp6.TypeCode.String()
		if icmp6.TypeCode.Type() == layers.ICMPv6TypeMLDv2MulticastListenerReportMessageV2 {
			what = "MLDv2 report" // of which gopacket has only the number
		}
		return fmt.Sprintf("ICMPv6 %s %s > %s", what, from, to)
	case f.IPv4() != nil:
		return fmt.Sprintf("IPv4 %v %s > %s", f.IPv4().Protocol, from, to)
	case f.IPv6() != nil:
		return fmt.Sprintf("IPv6 %v %s > %s", f.IPv6().NextHeader, from, to)
	case f.Ethernet() != nil:
		kind := f.Ethernet().EthernetType
		if vlan := f.VLAN(); vlan != nil {
			kind = vlan.Type
		}
		return fmt.Sprintf("type %#04x %v > %v", uint16(kind), f.Ethernet().SrcMAC, f.Ethernet().DstMAC)
	}
	return "no Ethernet frame"
}

// flags names those of a TCP segment, each with a space behind.
func flags(tcp *layers.TCP) string {
	var text strings.Builder
	for _, flag := range []struct {
		is   bool
		name string
	}{{tcp.SYN, "SYN"}, {tcp.FIN, "FIN"}, {tcp.RST, "RST"}, {tcp.PSH, "PSH"}, {tcp.ACK, "ACK"}} {
		if flag.is {
			text.WriteString(flag.name + " ")
		}
	}
	return text.String()
}

func endpoint(host string, port uint16) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return fmt.Sprintf("%s:%d", host, port)
}

func ip4(b []byte) string { return fmt.Sprintf("%d.%d.%d.%d", b[0], b[1], b[2], b[3]) }
