// SPDX-License-Identifier: Apache-2.0

package dns

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
)

// A recordType is what a question asks for; IPv4 and IPv6 are the two that
// matter here (RFC 1035 section 3.2.2, RFC 3596).
type recordType uint16

const (
	typeA    recordType = 1
	typeAAAA recordType = 28
	typeOPT  recordType = 41
)

const (
	classINET = 1
	// headerLen is that of the header: ID, flags, and how many questions,
	// answers, authorities and additional records follow.
	headerLen = 12
	// How long names and their labels may be (RFC 1035 section 2.3.4), names without
	// the dot at the end.
	maxName, maxLabel = 253, 63
	// maxPacket is how long a packet over UDP may be, as advised by
	// https://dnsflagday.net/2020/.
	maxPacket = 1232
)

// The flags of the header.
const (
	flagResponse      = 1 << 15
	flagAuthoritative = 1 << 10
	flagTruncated     = 1 << 9
	flagRecurse       = 1 << 8
	flagRecursive     = 1 << 7
	maskCode          = 0xf
)

// The response codes that are told apart.
const (
	codeSuccess   = 0
	codeFailure   = 2
	codeNameError = 3
)

// A query is a question in a packet of its own.
type query struct {
	packet   []byte
	question []byte // where it stands in the packet
}

// newQuery asks for the records of a name, without a dot at its end. It tells
// whether the name can be one.
func newQuery(id uint16, name string, kind recordType) (q query, ok bool) {
	if len(name) > maxName {
		return query{}, false
	}
	p := binary.BigEndian.AppendUint16(nil, id)
	p = binary.BigEndian.AppendUint16(p, flagRecurse)
	p = append(p, 0, 1, 0, 0, 0, 0, 0, 1)
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > maxLabel {
			return query{}, false
		}
		p = append(p, byte(len(label)))
		p = append(p, label...)
	}
	p = append(p, 0)
	p = binary.BigEndian.AppendUint16(p, uint16(kind))
	p = binary.BigEndian.AppendUint16(p, classINET)
	end := len(p)
	// The pseudo-record that allows for long packets (RFC 6891 section 6.1.2).
	p = append(p, 0)
	p = binary.BigEndian.AppendUint16(p, uint16(typeOPT))
	p = binary.BigEndian.AppendUint16(p, maxPacket)
	p = append(p, 0, 0, 0, 0, 0, 0)
	return query{packet: p, question: p[headerLen:end]}, true
}

// answers reports whether a packet is the answer to this query.
func (q query) answers(packet []byte) bool {
	end := headerLen + len(q.question)
	return len(packet) >= end &&
		bytes.Equal(packet[:2], q.packet[:2]) &&
		flagsOf(packet)&flagResponse != 0 &&
		count(packet, 0) == 1 &&
		// The name may come back in other letters, the rest may not.
		bytes.EqualFold(packet[headerLen:end-4], q.question[:len(q.question)-4]) &&
		bytes.Equal(packet[end-4:end], q.question[len(q.question)-4:])
}

func flagsOf(packet []byte) uint16 { return binary.BigEndian.Uint16(packet[2:]) }

// count returns how many questions, answers, authorities or additional records
// there are.
func count(packet []byte, section int) int {
	return int(binary.BigEndian.Uint16(packet[4+2*section:]))
}

// addresses returns what the answers of a packet, which has one question, have of
// a type. A recursive server answers with all that a name finally leads to, so
// that the aliases in between are of no interest (RFC 1034 section 4.3.1).
func (q query) addresses(packet []byte) (addrs []netip.Addr, ok bool) {
	kind := recordType(binary.BigEndian.Uint16(q.question[len(q.question)-4:]))
	rest := packet[headerLen+len(q.question):]
	for range count(packet, 1) {
		// A name, type, class, time to live, length and so many bytes.
		const fixed = 10
		if rest, ok = skipName(rest); !ok || len(rest) < fixed {
			return nil, false
		}
		is, class := recordType(binary.BigEndian.Uint16(rest)), binary.BigEndian.Uint16(rest[2:])
		n := int(binary.BigEndian.Uint16(rest[8:]))
		if rest = rest[fixed:]; len(rest) < n {
			return nil, false
		}
		if is == kind && class == classINET {
			ip, ok := netip.AddrFromSlice(rest[:n])
			if !ok || ip.Is4() != (kind == typeA) {
				return nil, false
			}
			addrs = append(addrs, ip.Unmap())
		}
		rest = rest[n:]
	}
	return addrs, true
}

// skipName returns what follows a name: labels up to an empty one, or up to a
// pointer to the rest of it (RFC 1035 section 4.1.4).
func skipName(p []byte) (rest []byte, ok bool) {
	const pointer = 0xc0
	for len(p) > 0 {
		switch n := int(p[0]); {
		case n == 0:
			return p[1:], true
		case n >= pointer && len(p) >= 2:
			return p[2:], true
		case n <= maxLabel && len(p) > n:
			p = p[1+n:]
		default:
			return nil, false
		}
	}
	return nil, false
}
