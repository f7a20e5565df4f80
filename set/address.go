// SPDX-License-Identifier: Apache-2.0

package set

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// An address is what network and address say, as package net has them: "tcp6" and
// "example.org:https".
type address struct {
	network  string // as it was given
	kind     int    // of the socket
	protocol int
	family   byte // '4', '6', or 0 for both
	host     string
	port     uint16
}

// protocols has those IP protocols that package net knows without a file.
var protocols = map[string]int{"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "ipv6-icmp": 58}

func parseAddress(ctx context.Context, network, text string) (t address, err error) {
	t = address{network: network, host: text}
	base, protocol, raw := strings.Cut(network, ":")
	if n := len(base) - 1; n > 0 && (base[n] == '4' || base[n] == '6') {
		base, t.family = base[:n], base[n]
	}
	switch {
	case base == "tcp" && !raw:
		t.kind = sys.Stream
	case base == "udp" && !raw:
		t.kind = sys.Datagram
	case base == "ip" && raw:
		t.kind = sys.Raw
		t.protocol, err = parseProtocol(protocol)
		return t, err
	default:
		return t, net.UnknownNetworkError(network)
	}
	if text == "" {
		return t, nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return t, err
	}
	// Numbers, and what /etc/services has: nothing of a namespace's.
	number, err := (&net.Resolver{PreferGo: true}).LookupPort(ctx, base, port)
	t.host, t.port = host, uint16(number)
	return t, err
}

func parseProtocol(text string) (int, error) {
	if number, ok := protocols[strings.ToLower(text)]; ok {
		return number, nil
	}
	number, err := strconv.ParseUint(text, 10, 24)
	if err != nil {
		return 0, &net.AddrError{Err: "unknown IP protocol specified", Addr: text}
	}
	return int(number), nil
}

// addr is an address as package net has it for the network, where an empty host
// stays one.
func (t address) addr(to netip.AddrPort) net.Addr {
	if t.host == "" {
		to = netip.AddrPortFrom(netip.Addr{}, to.Port())
	}
	switch t.kind {
	case sys.Stream:
		return net.TCPAddrFromAddrPort(to)
	case sys.Datagram:
		return net.UDPAddrFromAddrPort(to)
	default:
		return &net.IPAddr{IP: to.Addr().AsSlice(), Zone: to.Addr().Zone()}
	}
}

// unspecified is what an empty host stands for.
func (t address) unspecified() netip.Addr {
	if t.family == '6' {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}
