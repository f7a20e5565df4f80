// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// A Frame is an Ethernet frame on its way. It is decoded only as far as its methods need. Use it only in the
// filter, on the goroutine that calls the filter; what its methods return may be kept.
type Frame struct {
	From, To *nstest.Fixture
	Number   int           // among those that From has sent, from 1
	At       time.Duration // when it was sent, since the wire was made

	data   []byte
	ip     bool // it begins with the header of IP
	packet gopacket.Packet
}

// Decode returns a packet that was captured (see [nstest.Fixture.Capture]) as a Frame, for the methods that
// decode it. It was on no wire: From, To, Number and At are not set.
//
//	dns := wire.Decode(packet).DNS()
func Decode(p *nstest.Packet) *Frame { return &Frame{data: p.Data, ip: p.IP} }

// Bytes returns the frame from its Ethernet header on, with the tags of VLANs, if any, and without its
// checksum. It must not be changed: see [Verdict.With].
func (f *Frame) Bytes() []byte { return f.data }

// Packet returns the frame as package gopacket sees it.
func (f *Frame) Packet() gopacket.Packet {
	if f.packet == nil {
		first := layers.LayerTypeEthernet
		if f.ip {
			first = layers.LayerTypeIPv4
			if len(f.data) > 0 && f.data[0]>>4 == 6 {
				first = layers.LayerTypeIPv6
			}
		}
		f.packet = gopacket.NewPacket(f.data, first, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	}
	return f.packet
}

// layer returns the first layer of a type, or nil.
func layer[T gopacket.Layer](f *Frame, kind gopacket.LayerType) (found T) {
	found, _ = f.Packet().Layer(kind).(T)
	return found
}

// Ethernet returns the frame's header, or nil if it is too short for one.
func (f *Frame) Ethernet() *layers.Ethernet {
	return layer[*layers.Ethernet](f, layers.LayerTypeEthernet)
}

// VLAN returns the outermost tag of a VLAN, or nil.
func (f *Frame) VLAN() *layers.Dot1Q { return layer[*layers.Dot1Q](f, layers.LayerTypeDot1Q) }

// ARP returns the frame's ARP message, or nil.
func (f *Frame) ARP() *layers.ARP { return layer[*layers.ARP](f, layers.LayerTypeARP) }

// IPv4 returns the outermost header of IPv4, or nil.
func (f *Frame) IPv4() *layers.IPv4 { return layer[*layers.IPv4](f, layers.LayerTypeIPv4) }

// IPv6 returns the outermost header of IPv6, or nil.
func (f *Frame) IPv6() *layers.IPv6 { return layer[*layers.IPv6](f, layers.LayerTypeIPv6) }

// ICMPv4 returns the frame's ICMP message, or nil.
func (f *Frame) ICMPv4() *layers.ICMPv4 { return layer[*layers.ICMPv4](f, layers.LayerTypeICMPv4) }

// ICMPv6 returns the frame's ICMPv6 message, or nil. Neighbour discovery uses such messages.
func (f *Frame) ICMPv6() *layers.ICMPv6 { return layer[*layers.ICMPv6](f, layers.LayerTypeICMPv6) }

// TCP returns the header of the frame's TCP segment, or nil.
func (f *Frame) TCP() *layers.TCP { return layer[*layers.TCP](f, layers.LayerTypeTCP) }

// UDP returns the header of the frame's UDP datagram, or nil. If a datagram is sent in fragments (IPv4), only
// the first one has the header.
func (f *Frame) UDP() *layers.UDP { return layer[*layers.UDP](f, layers.LayerTypeUDP) }

// DNS returns the frame's DNS message, if it is from or to the port of DNS, or nil.
func (f *Frame) DNS() *layers.DNS { return layer[*layers.DNS](f, layers.LayerTypeDNS) }

// Payload returns what the frame's TCP segment or UDP datagram carries, or nil if it is neither or carries nothing.
func (f *Frame) Payload() []byte {
	transport := f.Packet().TransportLayer()
	if transport == nil {
		return nil
	}
	return transport.LayerPayload()
}
