// SPDX-License-Identifier: Apache-2.0

package siit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// Protocols and their headers.
const (
	icmp4, tcp, udp, icmp6 = 1, 6, 17, 58
	header4, header6       = 20, 40
	fragmentHeader         = 8

	hopByHop, routing, fragment, destinationOptions = 0, 43, 44, 60
)

// ErrUntranslatable is for packets that have no meaning in the other family, or none at all.
var ErrUntranslatable = errors.New("packet cannot be translated")

func untranslatable(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUntranslatable, fmt.Sprintf(format, args...))
}

// Addresses returns the address in the other family, and false if there is none.
type Addresses func(netip.Addr) (netip.Addr, bool)

// A packet is one of either family, taken apart.
type packet struct {
	from, to netip.Addr
	class    byte // of traffic: DSCP and ECN
	hops     byte // that are left
	protocol byte // of the payload, icmp4 or icmp6 for either
	payload  []byte
	length   int // of the payload before it was cut off: that of the packet in an ICMP error may be shorter

	fragmented bool
	id         uint32
	offset     uint16 // in units of 8 bytes
	more       bool
	whole      bool // must not be fragmented
}

// first reports whether the payload begins with the header of its protocol.
func (p *packet) first() bool { return p.offset == 0 }

// translate gives the packet its addresses in the other family, and its payload those checksums.
func (p *packet) translate(addresses Addresses) error {
	before := p.pseudoHeader()
	for _, a := range []*netip.Addr{&p.from, &p.to} {
		other, known := addresses(*a)
		if !known {
			return untranslatable("nobody has the address %v", *a)
		}
		*a = other
	}
	if !p.first() {
		return nil
	}
	return p.adjust(before)
}

// adjust has the checksum of UDP and TCP be right with the addresses that the packet has now.
func (p *packet) adjust(before uint32) error {
	at := map[byte]int{udp: 6, tcp: 16}[p.protocol]
	if at == 0 || len(p.payload) < at+2 {
		return nil // it is cut off before its checksum
	}
	sum := p.payload[at : at+2]
	if p.protocol == udp && binary.BigEndian.Uint16(sum) == 0 {
		return p.addChecksum(sum)
	}
	// RFC 1624: what goes is subtracted, that is, its complement added.
	new := uint32(^binary.BigEndian.Uint16(sum)) + uint32(^fold(before)) + uint32(fold(p.pseudoHeader()))
	putChecksum(sum, new, p.protocol)
	return nil
}

// addChecksum gives a packet of UDP the checksum that it may lack with IPv4 only.
func (p *packet) addChecksum(sum []byte) error {
	if p.to.Is4() {
		return untranslatable("UDP over IPv6 without a checksum")
	}
	if len(p.payload) < p.length {
		return nil // in an ICMP error, which nobody checks
	}
	if p.more {
		return untranslatable("UDP without a checksum, in a fragment")
	}
	putChecksum(sum, p.pseudoHeader()+add(0, p.payload)+udp+uint32(len(p.payload)), udp)
	return nil
}

// pseudoHeader sums up the addresses: the rest of what a checksum is about is the same for both families.
func (p *packet) pseudoHeader() uint32 { return add(add(0, p.from.AsSlice()), p.to.AsSlice()) }

// add adds up words of 16 bits.
func add(sum uint32, data []byte) uint32 {
	for ; len(data) >= 2; data = data[2:] {
		sum += uint32(binary.BigEndian.Uint16(data))
	}
	if len(data) == 1 {
		sum += uint32(data[0]) << 8
	}
	return sum
}

// fold returns the sum in ones' complement.
func fold(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

func putChecksum(at []byte, sum uint32, protocol byte) {
	checksum := ^fold(sum)
	if checksum == 0 && protocol == udp {
		checksum = 0xffff // 0 would mean that there is none (RFC 768)
	}
	binary.BigEndian.PutUint16(at, checksum)
}
