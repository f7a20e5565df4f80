// SPDX-License-Identifier: Apache-2.0

package siit

import "slices"

// mustFit is the size of a packet of IPv4 that becomes one of IPv6 which every link carries (RFC 7915, 5.1).
const mustFit = 1260

// To4 translates a packet of IPv6. One that may be fragmented gets id.
func To4(data []byte, addresses Addresses, id uint16) ([]byte, error) {
	p, err := parse6(slices.Clone(data), false)
	if err != nil {
		return nil, err
	}
	if !p.fragmented {
		p.whole, p.id = header4+p.length > mustFit, uint32(id)
	}
	return p.to4(addresses, false)
}

func (p *packet) to4(addresses Addresses, inError bool) ([]byte, error) {
	if err := p.translate(addresses); err != nil {
		return nil, err
	}
	switch p.protocol {
	case icmp6:
		p.protocol = icmp4
		if err := p.icmpTo4(addresses, inError); err != nil {
			return nil, err
		}
	case icmp4:
		return nil, untranslatable("ICMP of IPv4 over IPv6")
	}
	return p.bytes4()
}

// To6 translates a packet of IPv4.
func To6(data []byte, addresses Addresses) ([]byte, error) {
	p, err := parse4(slices.Clone(data), false)
	if err != nil {
		return nil, err
	}
	return p.to6(addresses, false)
}

func (p *packet) to6(addresses Addresses, inError bool) ([]byte, error) {
	if err := p.translate(addresses); err != nil {
		return nil, err
	}
	switch p.protocol {
	case icmp4:
		p.protocol = icmp6
		if err := p.icmpTo6(addresses, inError); err != nil {
			return nil, err
		}
	case icmp6, hopByHop, routing, fragment, destinationOptions:
		return nil, untranslatable("protocol %d over IPv4, which means something else with IPv6", p.protocol)
	}
	return p.bytes6()
}
