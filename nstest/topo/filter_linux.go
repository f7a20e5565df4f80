// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"encoding/binary"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// filterRules are those of a table of both families.
type filterRules struct {
	*rules
	sides
}

// behind drops what comes from outside and belongs to no connection from inside.
func (r *filterRules) behind(t *nat) {
	input := r.base("input", nftables.ChainTypeFilter, nftables.ChainHookInput, nftables.ChainPriorityFilter)
	forward := r.base("forward", nftables.ChainTypeFilter, nftables.ChainHookForward, nftables.ChainPriorityFilter)
	ipv4 := meta(expr.MetaKeyNFPROTO, []byte{unix.NFPROTO_IPV4})
	family := ipv4
	if t.firewalls6 {
		family = nil
	}
	for _, outside := range r.out {
		from := index(expr.MetaKeyIIF, expr.CmpOpEq, outside)
		r.add(input, from, ct(expr.CtKeySTATE, known), verdict(expr.VerdictAccept))
		r.services(input, from)
		r.add(input, from, family, verdict(expr.VerdictDrop))
		r.add(forward, from, ct(expr.CtKeySTATE, known), verdict(expr.VerdictAccept))
		r.add(forward, from, redirected(), verdict(expr.VerdictAccept))
		r.add(forward, from, family, verdict(expr.VerdictDrop))
	}
	// What the kernel makes no sense of is not translated, and must not get outside as it is.
	for _, outside := range r.out {
		stray := append(index(expr.MetaKeyOIF, expr.CmpOpEq, outside), ct(expr.CtKeySTATE, expr.CtStateBitINVALID)...)
		if t.resets {
			r.add(forward, ipv4, meta(expr.MetaKeyL4PROTO, []byte{unix.IPPROTO_TCP}), stray, []expr.Any{&expr.Reject{Type: unix.NFT_REJECT_TCP_RST}})
		}
		r.add(forward, ipv4, stray, verdict(expr.VerdictDrop))
	}
}

// restrict has the router's kernel let only some services through.
func (n *node) restrict() error {
	return n.withTables("topo_firewall", func(table tables) []error {
		r := &filterRules{rules: table(nftables.TableFamilyINet), sides: n.sides()}
		r.firewall()
		return r.errs
	})
}

// firewall lets hosts inside reach some services outside.
func (r *filterRules) firewall() {
	input := r.base("input", nftables.ChainTypeFilter, nftables.ChainHookInput, nftables.ChainPriorityFilter)
	forward := r.base("forward", nftables.ChainTypeFilter, nftables.ChainHookForward, nftables.ChainPriorityFilter)
	for _, outside := range r.out {
		from, to := index(expr.MetaKeyIIF, expr.CmpOpEq, outside), index(expr.MetaKeyOIF, expr.CmpOpEq, outside)
		r.add(input, from, ct(expr.CtKeySTATE, known), verdict(expr.VerdictAccept))
		r.services(input, from)
		r.add(input, from, verdict(expr.VerdictDrop))
		r.add(forward, from, ct(expr.CtKeySTATE, known), verdict(expr.VerdictAccept))
		r.add(forward, from, verdict(expr.VerdictDrop))
		r.add(forward, to, ct(expr.CtKeySTATE, known), verdict(expr.VerdictAccept))
		for _, service := range [][]expr.Any{tcp(portHTTPS), tcp(portHTTP), tcp(portDNS), udp(portDNS)} {
			r.add(forward, to, service, verdict(expr.VerdictAccept))
		}
		r.add(forward, to, verdict(expr.VerdictDrop))
	}
}

// Ports of services.
const portHTTP, portHTTPS, portDNS = 80, 443, 53

func tcp(port uint16) []expr.Any { return service(unix.IPPROTO_TCP, port) }
func udp(port uint16) []expr.Any { return service(unix.IPPROTO_UDP, port) }

// service is for packets to a port.
func service(proto byte, port uint16) []expr.Any {
	return append(append(meta(expr.MetaKeyL4PROTO, []byte{proto}), destinationPort(1)...),
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binary.BigEndian.AppendUint16(nil, port)})
}

// services accepts what a router is asked itself: ICMP, which neighbour discovery is part of, and answers of
// DHCP, whose questions went to everybody.
func (r *filterRules) services(input *nftables.Chain, from []expr.Any) {
	for _, proto := range []byte{unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6} {
		r.add(input, from, meta(expr.MetaKeyL4PROTO, []byte{proto}), verdict(expr.VerdictAccept))
	}
	const client4, client6 = 68, 546 // RFC 2131, RFC 8415
	for _, port := range []uint16{client4, client6} {
		r.add(input, from, udp(port), verdict(expr.VerdictAccept))
	}
}
