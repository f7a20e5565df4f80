// SPDX-License-Identifier: Apache-2.0

package siit

import (
	"encoding/binary"
	"slices"
)

// Messages of ICMP (RFC 792, RFC 4443).
const (
	echoReply4, unreachable4, echo4, expired4, problem4          = 0, 3, 8, 11, 12
	unreachable6, tooBig6, expired6, problem6, echo6, echoReply6 = 1, 2, 3, 4, 128, 129

	protocolUnreachable, fragmentationNeeded = 2, 4 // codes of unreachable4
	icmpHeader                               = 8
)

// icmpTo4 translates a message (RFC 7915, 5.2).
func (p *packet) icmpTo4(addresses Addresses, inError bool) error {
	if p.fragmented {
		return untranslatable("ICMP in fragments")
	}
	m := p.payload
	if len(m) < icmpHeader {
		return untranslatable("ICMPv6 that is cut off")
	}
	switch m[0] {
	case echo6, echoReply6:
		if m[0] == echo6 {
			m[0] = echo4
		} else {
			m[0] = echoReply4
		}
		return p.closeICMP()
	}
	if inError || m[0] > problem6 {
		return untranslatable("ICMPv6 of type %d", m[0])
	}
	rest, err := errorTo4(m)
	if err != nil {
		return err
	}
	inner, err := parse6(m[icmpHeader:], true)
	if err != nil {
		return err
	}
	data, err := inner.to4(addresses, true)
	if err != nil {
		return err
	}
	return p.replaceICMP(rest, data)
}

// icmpTo6 translates a message (RFC 7915, 4.2).
func (p *packet) icmpTo6(addresses Addresses, inError bool) error {
	if p.fragmented {
		return untranslatable("ICMP in fragments")
	}
	m := p.payload
	if len(m) < icmpHeader {
		return untranslatable("ICMP that is cut off")
	}
	switch m[0] {
	case echo4, echoReply4:
		if m[0] == echo4 {
			m[0] = echo6
		} else {
			m[0] = echoReply6
		}
		return p.closeICMP()
	}
	if inError {
		return untranslatable("an ICMP error about ICMP of type %d", m[0])
	}
	rest, err := errorTo6(m)
	if err != nil {
		return err
	}
	inner, err := parse4(m[icmpHeader:], true)
	if err != nil {
		return err
	}
	data, err := inner.to6(addresses, true)
	if err != nil {
		return err
	}
	return p.replaceICMP(rest, data)
}

// replaceICMP makes an error of a header and the packet that it is about.
func (p *packet) replaceICMP(header [icmpHeader]byte, about []byte) error {
	const most = 1280 - header6 - icmpHeader // of which links carry all (RFC 4443, 2.4)
	p.payload = slices.Concat(header[:], about[:min(len(about), most)])
	p.length = len(p.payload)
	return p.closeICMP()
}

// closeICMP gives a message its checksum, which is about the addresses too with IPv6. A message that was cut off has none.
func (p *packet) closeICMP() error {
	if len(p.payload) < p.length {
		return nil
	}
	sum := p.payload[2:4]
	sum[0], sum[1] = 0, 0
	all := add(0, p.payload)
	if p.to.Is6() {
		all += p.pseudoHeader() + icmp6 + uint32(p.length)
	}
	putChecksum(sum, all, icmp6)
	return nil
}

// errorTo4 translates what an ICMPv6 error says.
func errorTo4(m []byte) (out [icmpHeader]byte, err error) {
	kind, code := m[0], m[1]
	switch {
	case kind == unreachable6 && code <= 4:
		out[0], out[1] = unreachable4, [...]byte{1, 10, 1, 1, 3}[code]
	case kind == tooBig6:
		out[0], out[1] = unreachable4, fragmentationNeeded
		mtu := max(binary.BigEndian.Uint32(m[4:]), header6) - (header6 - header4)
		binary.BigEndian.PutUint16(out[6:], uint16(min(mtu, 0xffff)))
	case kind == expired6:
		out[0], out[1] = expired4, code
	case kind == problem6 && code == 1:
		out[0], out[1] = unreachable4, protocolUnreachable
	case kind == problem6 && code == 0:
		at := binary.BigEndian.Uint32(m[4:])
		to, known := pointerTo4(at)
		if !known {
			return out, untranslatable("an ICMPv6 error about byte %d", at)
		}
		out[0], out[4] = problem4, to
	default:
		return out, untranslatable("ICMPv6 of type %d, code %d", kind, code)
	}
	return out, nil
}

// errorTo6 translates what an ICMP error says.
func errorTo6(m []byte) (out [icmpHeader]byte, err error) {
	kind, code := m[0], m[1]
	switch {
	case kind == unreachable4 && code == protocolUnreachable:
		const nextHeader = 6
		out[0], out[1], out[7] = problem6, 1, nextHeader
	case kind == unreachable4 && code == fragmentationNeeded:
		out[0] = tooBig6
		mtu := uint32(binary.BigEndian.Uint16(m[6:]))
		if mtu == 0 { // a router that is older than RFC 1191
			mtu = mustFit
		}
		binary.BigEndian.PutUint32(out[4:], max(mtu+header6-header4, 1280))
	case kind == unreachable4 && int(code) < len(unreachableTo6) && unreachableTo6[code] >= 0:
		out[0], out[1] = unreachable6, byte(unreachableTo6[code])
	case kind == expired4:
		out[0], out[1] = expired6, code
	case kind == problem4 && (code == 0 || code == 2):
		to, known := pointerTo6(m[4])
		if !known {
			return out, untranslatable("an ICMP error about byte %d", m[4])
		}
		out[0], out[7] = problem6, to
	default:
		return out, untranslatable("ICMP of type %d, code %d", kind, code)
	}
	return out, nil
}

// unreachableTo6 are codes of ICMPv6 by those of ICMP.
var unreachableTo6 = [...]int{0: 0, 1: 0, 2: -1, 3: 4, 4: -1, 5: 0, 6: 0, 7: 0, 8: 0, 9: 1, 10: 1, 11: 0, 12: 0, 13: 1, 14: -1, 15: 1}

// pointerTo4 returns where the header of IPv4 has what that of IPv6 has at a byte (RFC 7915, figure 6).
func pointerTo4(at uint32) (byte, bool) {
	switch {
	case at == 0 || at == 1:
		return byte(at), true
	case at == 4 || at == 5:
		return 2, true
	case at == 6:
		return 9, true
	case at == 7:
		return 8, true
	case at >= 8 && at < 24:
		return 12, true
	case at >= 24 && at < 40:
		return 16, true
	}
	return 0, false
}

// pointerTo6 is the other way round (RFC 7915, figure 3).
func pointerTo6(at byte) (byte, bool) {
	switch {
	case at == 0 || at == 1:
		return at, true
	case at == 2 || at == 3:
		return 4, true
	case at == 8:
		return 7, true
	case at == 9:
		return 6, true
	case at >= 12 && at < 16:
		return 8, true
	case at >= 16 && at < 20:
		return 24, true
	}
	return 0, false
}
