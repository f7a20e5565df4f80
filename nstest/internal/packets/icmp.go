// SPDX-License-Identifier: Apache-2.0

package packets

import (
	"encoding/binary"
	"fmt"
)

// An icmpMessage is what a message of ICMP is called, mostly as tcpdump(8) does.
type icmpMessage struct {
	name    string
	codes   map[byte]string // what those of some codes are called instead
	isError bool
}

// icmp4 are those of RFC 792 and RFC 1812, by their types.
var icmp4 = map[byte]icmpMessage{
	0: {name: "echo reply"},
	3: {name: "unreachable", isError: true, codes: map[byte]string{
		0: "net unreachable", 1: "host unreachable", 2: "protocol unreachable", 3: "port unreachable", 4: "unreachable - need to frag",
		5: "unreachable - source route failed", 6: "net unreachable - unknown", 7: "host unreachable - unknown",
		9: "net unreachable - admin prohibited", 10: "host unreachable - admin prohibited", 13: "unreachable - admin prohibited filter",
	}},
	5:  {name: "redirect"},
	8:  {name: "echo request"},
	9:  {name: "router advertisement"},
	10: {name: "router solicitation"},
	11: {name: "time exceeded", isError: true, codes: map[byte]string{0: "time exceeded in-transit", 1: "ip reassembly time exceeded"}},
	12: {name: "parameter problem", isError: true},
}

// icmp6 are those of RFC 4443, RFC 4861 and RFC 3810.
var icmp6 = map[byte]icmpMessage{
	1: {name: "unreachable", isError: true, codes: map[byte]string{
		0: "unreachable - no route", 1: "unreachable - admin prohibited", 2: "unreachable - beyond scope", 3: "address unreachable",
		4: "port unreachable", 5: "unreachable - policy failed", 6: "unreachable - reject route",
	}},
	2:   {name: "packet too big", isError: true},
	3:   {name: "time exceeded", isError: true, codes: map[byte]string{0: "time exceeded in-transit", 1: "ip reassembly time exceeded"}},
	4:   {name: "parameter problem", isError: true},
	128: {name: "echo request"}, 129: {name: "echo reply"},
	130: {name: "multicast listener query"}, 131: {name: "multicast listener report"}, 132: {name: "multicast listener done"},
	133: {name: "router solicitation"}, 134: {name: "router advertisement"},
	135: {name: "neighbour solicitation"}, 136: {name: "neighbour advertisement"}, 137: {name: "redirect"},
	143: {name: "multicast listener report v2"},
}

// decodeICMP names a message. One that says that a packet is too large has the MTU (RFC 1191, RFC 4443).
func (d *Decoded) decodeICMP(protocol string, messages map[byte]icmpMessage, b []byte) {
	kind, code := b[0], b[1]
	m, known := messages[kind]
	if !known {
		m.name = fmt.Sprintf("type %d", kind)
	}
	d.Protocol, d.Details, d.Error = protocol, m.name, m.isError
	if name, ok := m.codes[code]; ok {
		d.Details = name
	} else if code != 0 {
		d.Details = fmt.Sprintf("%s (code %d)", m.name, code)
	}
	if mtu := mtuOf(protocol, b); mtu != 0 {
		d.Details += fmt.Sprintf(" (mtu %d)", mtu)
	}
}

// mtuOf returns the MTU of the next link that a message has, or 0.
func mtuOf(protocol string, b []byte) int {
	switch {
	case len(b) < 8:
		return 0
	case protocol == icmp && b[0] == 3 && b[1] == 4:
		return int(binary.BigEndian.Uint16(b[6:]))
	case protocol == icmpv6 && b[0] == 2:
		return int(binary.BigEndian.Uint32(b[4:]))
	}
	return 0
}
