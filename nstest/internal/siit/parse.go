// SPDX-License-Identifier: Apache-2.0

package siit

import (
	"encoding/binary"
	"net/netip"
)

// parse4 takes a packet of IPv4 apart. That in an ICMP error may be cut off.
func parse4(data []byte, cut bool) (p packet, err error) {
	if len(data) < header4 || data[0]>>4 != 4 {
		return p, untranslatable("not an IPv4 packet")
	}
	header, total := int(data[0]&15)*4, int(binary.BigEndian.Uint16(data[2:]))
	if header < header4 || total < header || len(data) < header || !cut && len(data) < total {
		return p, untranslatable("an IPv4 packet of %d bytes says that it has %d, of which %d are its header", len(data), total, header)
	}
	flags := binary.BigEndian.Uint16(data[6:])
	p = packet{
		from: netip.AddrFrom4([4]byte(data[12:])), to: netip.AddrFrom4([4]byte(data[16:])),
		class: data[1], hops: data[8], protocol: data[9],
		payload: data[header:min(total, len(data))], length: total - header,
		id: uint32(binary.BigEndian.Uint16(data[4:])), offset: flags & 0x1fff, more: flags&0x2000 != 0, whole: flags&0x4000 != 0,
	}
	p.fragmented = p.more || p.offset != 0
	return p, nil
}

// parse6 takes a packet of IPv6 apart.
func parse6(data []byte, cut bool) (p packet, err error) {
	if len(data) < header6 || data[0]>>4 != 6 {
		return p, untranslatable("not an IPv6 packet")
	}
	length := int(binary.BigEndian.Uint16(data[4:]))
	if !cut && len(data) < header6+length {
		return p, untranslatable("an IPv6 packet of %d bytes says that it has %d", len(data), header6+length)
	}
	p = packet{
		from: netip.AddrFrom16([16]byte(data[8:])), to: netip.AddrFrom16([16]byte(data[24:])),
		class: byte(binary.BigEndian.Uint16(data) >> 4), hops: data[7], protocol: data[6],
		payload: data[header6:min(header6+length, len(data))], length: length,
	}
	return p, p.skipExtensions()
}

// skipExtensions finds the payload behind the headers that extend that of IPv6 (RFC 8200).
func (p *packet) skipExtensions() error {
	for {
		var size int
		switch p.protocol {
		case fragment:
			size = fragmentHeader
		case hopByHop, destinationOptions, routing:
			size = fragmentHeader
			if len(p.payload) >= 2 {
				size += int(p.payload[1]) * 8
			}
		default:
			return nil
		}
		if len(p.payload) < size {
			return untranslatable("an extension header of IPv6 is cut off")
		}
		switch {
		case p.protocol == routing && p.payload[3] != 0:
			return untranslatable("IPv6 with a way that it is to go")
		case p.protocol == fragment:
			place := binary.BigEndian.Uint16(p.payload[2:])
			p.fragmented, p.offset, p.more = true, place>>3, place&1 != 0
			p.id = binary.BigEndian.Uint32(p.payload[4:])
		}
		p.protocol, p.payload, p.length = p.payload[0], p.payload[size:], p.length-size
		if !p.first() {
			return nil // what follows is the middle of something
		}
	}
}

// bytes4 puts a packet of IPv4 together.
func (p *packet) bytes4() ([]byte, error) {
	total := header4 + p.length
	if total > 0xffff || p.offset > 0x1fff {
		return nil, untranslatable("an IPv4 packet of %d bytes", total)
	}
	data := make([]byte, header4, header4+len(p.payload))
	data[0], data[1], data[8], data[9] = 4<<4|header4/4, p.class, p.hops, p.protocol
	binary.BigEndian.PutUint16(data[2:], uint16(total))
	binary.BigEndian.PutUint16(data[4:], uint16(p.id))
	flags := p.offset
	if p.more {
		flags |= 0x2000
	}
	if p.whole {
		flags |= 0x4000
	}
	binary.BigEndian.PutUint16(data[6:], flags)
	copy(data[12:], p.from.AsSlice())
	copy(data[16:], p.to.AsSlice())
	putChecksum(data[10:], add(0, data), icmp4)
	return append(data, p.payload...), nil
}

// bytes6 puts a packet of IPv6 together.
func (p *packet) bytes6() ([]byte, error) {
	length, protocol := p.length, p.protocol
	if p.fragmented {
		length, protocol = length+fragmentHeader, fragment
	}
	if length > 0xffff {
		return nil, untranslatable("an IPv6 packet of %d bytes", length)
	}
	data := make([]byte, header6, header6+fragmentHeader+len(p.payload))
	binary.BigEndian.PutUint16(data, 6<<12|uint16(p.class)<<4)
	binary.BigEndian.PutUint16(data[4:], uint16(length))
	data[6], data[7] = protocol, p.hops
	copy(data[8:], p.from.AsSlice())
	copy(data[24:], p.to.AsSlice())
	if p.fragmented {
		place := p.offset << 3
		if p.more {
			place |= 1
		}
		data = binary.BigEndian.AppendUint16(append(data, p.protocol, 0), place)
		data = binary.BigEndian.AppendUint32(data, p.id)
	}
	return append(data, p.payload...), nil
}
