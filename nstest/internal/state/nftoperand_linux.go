// SPDX-License-Identifier: Apache-2.0

package state

import (
	"encoding/binary"
	"fmt"
	"strings"

	nft "github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

var metaNames = map[expr.MetaKey]string{
	expr.MetaKeyLEN: "length", expr.MetaKeyPROTOCOL: "protocol", expr.MetaKeyMARK: "mark", expr.MetaKeyIIF: "iif", expr.MetaKeyOIF: "oif",
	expr.MetaKeyIIFNAME: "iifname", expr.MetaKeyOIFNAME: "oifname", expr.MetaKeySKUID: "skuid", expr.MetaKeySKGID: "skgid",
	expr.MetaKeyNFTRACE: "nftrace", expr.MetaKeyNFPROTO: "nfproto", expr.MetaKeyL4PROTO: "l4proto", expr.MetaKeyPKTTYPE: "pkttype",
}

func metaName(key expr.MetaKey) string {
	if name, known := metaNames[key]; known {
		return name
	}
	return fmt.Sprintf("<key %d>", key)
}

func metaOperand(key expr.MetaKey) operand {
	o := operand{text: "meta " + metaName(key), format: hostNumber}
	switch key {
	case expr.MetaKeyIIFNAME, expr.MetaKeyOIFNAME:
		o.text, o.format = metaName(key), quoted
	case expr.MetaKeyIIF, expr.MetaKeyOIF:
		o.text = metaName(key)
	case expr.MetaKeyMARK:
		o.format = func(data []byte) string {
			if len(data) != 4 {
				return hostNumber(data)
			}
			return fmt.Sprintf("0x%08x", binary.NativeEndian.Uint32(data))
		}
	case expr.MetaKeyPROTOCOL:
		o.format = func(data []byte) string { return named(etherTypes, data) }
	case expr.MetaKeyNFPROTO:
		o.format = func(data []byte) string {
			return named(map[int]string{unix.NFPROTO_IPV4: "ipv4", unix.NFPROTO_IPV6: "ipv6"}, data)
		}
		o.note = func(d *decompiler, data []byte) {
			d.network = named(map[int]string{unix.NFPROTO_IPV4: "ip", unix.NFPROTO_IPV6: "ip6"}, data)
		}
	case expr.MetaKeyL4PROTO:
		o.format = protocolName
		o.note = func(d *decompiler, data []byte) { d.above = protocolName(data) }
	}
	return o
}

var etherTypes = map[int]string{unix.ETH_P_IP: "ip", unix.ETH_P_IPV6: "ip6", unix.ETH_P_ARP: "arp", unix.ETH_P_8021Q: "vlan"}

var ipProtocols = map[int]string{
	unix.IPPROTO_TCP: "tcp", unix.IPPROTO_UDP: "udp", unix.IPPROTO_ICMP: "icmp", unix.IPPROTO_ICMPV6: "ipv6-icmp",
	unix.IPPROTO_SCTP: "sctp", unix.IPPROTO_GRE: "gre", unix.IPPROTO_ESP: "esp", unix.IPPROTO_DCCP: "dccp", unix.IPPROTO_UDPLITE: "udplite",
}

// named looks up a number in network byte order, which one byte always is.
func named(names map[int]string, data []byte) string {
	n := 0
	for _, b := range data {
		n = n<<8 | int(b)
	}
	if name, known := names[n]; known {
		return name
	}
	return bigNumber(data)
}

var ctNames = map[expr.CtKey]string{
	expr.CtKeySTATE: "state", expr.CtKeyDIRECTION: "direction", expr.CtKeySTATUS: "status", expr.CtKeyMARK: "mark", expr.CtKeyZONE: "zone",
}

func ctName(key expr.CtKey) string {
	if name, known := ctNames[key]; known {
		return name
	}
	return fmt.Sprintf("<key %d>", key)
}

func ctOperand(key expr.CtKey) operand {
	o := operand{text: "ct " + ctName(key), format: hostNumber}
	if key == expr.CtKeySTATE {
		o.format = ctStates
	}
	return o
}

func ctStates(data []byte) string {
	if len(data) != 4 {
		return hostNumber(data)
	}
	bits := binary.NativeEndian.Uint32(data)
	var names []string
	for _, state := range []struct {
		bit  uint32
		name string
	}{
		{expr.CtStateBitESTABLISHED, "established"}, {expr.CtStateBitRELATED, "related"}, {expr.CtStateBitNEW, "new"},
		{expr.CtStateBitINVALID, "invalid"}, {expr.CtStateBitUNTRACKED, "untracked"},
	} {
		if bits&state.bit != 0 {
			names = append(names, state.name)
		}
	}
	return strings.Join(names, ",")
}

// A field is a part of a header.
type field struct {
	offset, length uint32
	name           string
	format         func([]byte) string
}

var fieldsOf = map[string][]field{
	"ip": {
		{8, 1, "ttl", bigNumber}, {9, 1, "protocol", protocolName}, {12, 4, "saddr", address}, {16, 4, "daddr", address},
	},
	"ip6": {
		{6, 1, "nexthdr", protocolName}, {7, 1, "hoplimit", bigNumber}, {8, 16, "saddr", address}, {24, 16, "daddr", address},
	},
	"tcp":       {{0, 2, "sport", bigNumber}, {2, 2, "dport", bigNumber}, {13, 1, "flags", tcpFlags}},
	"udp":       {{0, 2, "sport", bigNumber}, {2, 2, "dport", bigNumber}},
	"sctp":      {{0, 2, "sport", bigNumber}, {2, 2, "dport", bigNumber}},
	"th":        {{0, 2, "sport", bigNumber}, {2, 2, "dport", bigNumber}},
	"icmp":      {{0, 1, "type", bigNumber}, {1, 1, "code", bigNumber}},
	"ipv6-icmp": {{0, 1, "type", bigNumber}, {1, 1, "code", bigNumber}},
}

// holds reports whether the expression is about the field. A prefix of an address that ends with a byte
// is compared without the rest.
func (f field) holds(e *expr.Payload) bool {
	return f.offset == e.Offset && (f.length == e.Len || strings.HasSuffix(f.name, "addr") && e.Len < f.length)
}

func protocolName(data []byte) string { return named(ipProtocols, data) }

func tcpFlags(data []byte) string {
	var names []string
	for bit, name := range []string{"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"} {
		if len(data) == 1 && data[0]>>bit&1 == 1 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// payload names a part of the packet.
func (d *decompiler) payload(e *expr.Payload) operand {
	header, base := "", "ll"
	switch e.Base {
	case expr.PayloadBaseNetworkHeader:
		header, base = d.network, "nh"
	case expr.PayloadBaseTransportHeader:
		header, base = d.above, "th"
		if fieldsOf[header] == nil {
			header = "th"
		}
	}
	for _, f := range fieldsOf[header] {
		if !f.holds(e) {
			continue
		}
		if header == d.above || header == d.network && d.family == nft.TableFamilyINet {
			d.imply()
		}
		o := operand{text: strings.Replace(header, "ipv6-icmp", "icmpv6", 1) + " " + f.name, format: f.format}
		if e.Len < f.length {
			o.format = func(data []byte) string {
				return fmt.Sprintf("%s/%d", f.format(append(data[:len(data):len(data)], make([]byte, f.length-e.Len)...)), 8*e.Len)
			}
		}
		if f.name == "protocol" || f.name == "nexthdr" {
			o.note = func(d *decompiler, data []byte) { d.above = protocolName(data) }
		}
		return o
	}
	return operand{text: fmt.Sprintf("@%s,%d,%d", base, 8*e.Offset, 8*e.Len), format: func(data []byte) string { return fmt.Sprintf("0x%x", data) }}
}
