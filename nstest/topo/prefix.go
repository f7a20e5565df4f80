// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"net/netip"
)

// parseNetwork returns a network that links can have.
func parseNetwork(cidr string) (netip.Prefix, error) {
	p, err := parsePrefix(cidr, "its prefix")
	if err == nil && p != p.Masked() {
		err = fmt.Errorf("%v is an address in %v, and no network", p, p.Masked())
	}
	return p, err
}

// parseAddress returns an address, with the length of its network's prefix, that an interface can have.
func parseAddress(cidr string) (netip.Prefix, error) {
	p, err := parsePrefix(cidr, "its network's prefix")
	if err != nil || isOfTwo(p) {
		return p, err
	}
	switch first := p.Masked().Addr(); {
	case p.Addr() == first && first.Is6():
		return p, fmt.Errorf("%v is that of any router there (RFC 4291, 2.6.1)", first)
	case p.Addr() == first:
		return p, fmt.Errorf("%v stands for the network itself", first)
	case p.Addr().Is4() && !p.Contains(p.Addr().Next()):
		return p, fmt.Errorf("%v is the network's broadcast address", p.Addr())
	}
	return p, nil
}

func parsePrefix(cidr, of string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		if a, e := netip.ParseAddr(cidr); e == nil && a.Zone() == "" {
			err = fmt.Errorf("it takes the length of %s, too, such as %v: %w", of, netip.PrefixFrom(a, usualBits(a)), err)
		}
		return p, err
	}
	if a := p.Addr(); a.Is4In6() {
		const mapped = 96 // bits before the IPv4 address (RFC 4291, 2.5.5.2)
		err := errors.New("it is an IPv4 address in the form of an IPv6 one")
		if p.Bits() >= mapped {
			err = fmt.Errorf("%w: write %v", err, netip.PrefixFrom(a.Unmap(), p.Bits()-mapped))
		}
		return p, err
	}
	for _, s := range special {
		if s.network.Overlaps(p.Masked()) {
			return p, fmt.Errorf("it overlaps with %v, %s", s.network, s.meaning)
		}
	}
	return p, nil
}

// usualBits are those of the networks that links get.
func usualBits(a netip.Addr) int {
	if a.Is4() {
		return 24
	}
	return 64
}

// special are networks that no link can have (RFC 6890).
var special = []struct {
	network netip.Prefix
	meaning string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "which stands for no network"},
	{netip.MustParsePrefix("127.0.0.0/8"), "which each host has for itself"},
	{netip.MustParsePrefix("224.0.0.0/4"), "which is for multicast"},
	{netip.MustParsePrefix("255.255.255.255/32"), "which is for broadcasts"},
	{netip.MustParsePrefix("::/127"), "which each host has for itself"},
	{netip.MustParsePrefix("fe80::/10"), "of which each interface has an address anyway: Fixture.AddAddress adds others"},
	{netip.MustParsePrefix("ff00::/8"), "which is for multicast"},
}
