// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"bytes"
	"fmt"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/packets"
)

// A Packet is a frame that an interface has received or sent, see [Fixture.Capture].
type Packet struct {
	Time      time.Time // when, by the kernel's clock
	Interface string    // its name
	Outgoing  bool      // it was sent
	Data      []byte    // from the Ethernet header on, with the tags of VLANs; see IP
	Length    int       // in bytes; Data has fewer if the kernel had no room for the rest

	// IP says that the interface has no Ethernet header, such as a tun: Data begins with that of IPv4 or IPv6.
	IP bool
	// ChecksumLeft says that the checksum of the TCP segment or UDP datagram is not in Data, since a device is to add it.
	// The kernel does without it between interfaces of one machine.
	ChecksumLeft bool
	// Segments says that this is several TCP segments in one, larger than the MTU, which a device is to cut. The kernel
	// does not cut it between interfaces of one machine.
	Segments bool
}

func newPacket(p *packets.Packet) *Packet {
	return &Packet{
		Time: p.At, Interface: p.Interface.Name, IP: p.Interface.IP, Outgoing: p.Outgoing,
		Data: bytes.Clone(p.Data), Length: p.Length, ChecksumLeft: p.ChecksumLeft, Segments: p.Segments,
	}
}

// Summary says what the packet is, such as "TCP SYN 192.0.2.1:40612 > 192.0.2.2:80".
func (p *Packet) Summary() string { return packets.Decode(p.Data, p.IP).String() }

// Protocol is "TCP", "UDP", "ICMP", "ICMPv6", "ARP", or what else is the last one that nstest knows, such as "IPv4". Package
// nstest/wire decodes more.
func (p *Packet) Protocol() string { return packets.Decode(p.Data, p.IP).Protocol }

// Payload is what the TCP segment or UDP datagram carries, or nil.
func (p *Packet) Payload() []byte { return packets.Decode(p.Data, p.IP).Payload }

// String is such as "eth0 out, TCP SYN 192.0.2.1:40612 > 192.0.2.2:80, 74 bytes".
func (p *Packet) String() string {
	if p == nil {
		return "<nil>"
	}
	direction := "in"
	if p.Outgoing {
		direction = "out"
	}
	return fmt.Sprintf("%s %s, %s, %d bytes", p.Interface, direction, p.Summary(), p.Length)
}

// GomegaString is for the messages of matchers.
func (p *Packet) GomegaString() string { return p.String() }
