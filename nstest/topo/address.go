// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
)

// A segment is what one network of addresses is for: a link, or switches that are linked to each
// other with all that is linked to them.
type segment struct {
	ports   []*end // of hosts and routers
	routers []*end
	subnets []netip.Prefix

	delegated netip.Prefix // the network of IPv6, if a router gets it
}

// deal finds the segments, in the order of the links, and gives each of their ports its addresses.
func (n *Network) deal() error {
	var chosen []netip.Prefix
	for _, node := range n.nodes {
		taken, err := node.taken()
		if err != nil {
			return err
		}
		chosen = append(chosen, taken...)
	}
	n.findSegments()
	for _, s := range n.segments {
		chosen = append(chosen, s.subnets...)
	}
	if err := n.delegate(); err != nil {
		return err
	}
	n.dealSubnets(chosen)
	if err := n.checkOverlaps(); err != nil {
		return err
	}
	var errs []error
	for _, s := range n.segments {
		errs = append(errs, s.number())
	}
	return errors.Join(append(errs, n.withhold())...)
}

// findSegments finds which links are one network, with the subnets that were chosen for it.
func (n *Network) findSegments() {
	n.segments = nil
	seen := make(map[*Link]bool)
	for _, l := range n.links {
		if seen[l] {
			continue
		}
		s := new(segment)
		s.gather(l, seen)
		slices.SortStableFunc(s.ports, func(a, b *end) int { return a.link.number - b.link.number })
		slices.SortFunc(s.subnets, netip.Prefix.Compare)
		s.subnets = slices.Compact(s.subnets)
		n.segments = append(n.segments, s)
	}
}

// dealSubnets gives subnets to the segments for which none were chosen.
func (n *Network) dealSubnets(chosen []netip.Prefix) {
	var next4, next6 uint32
	for _, s := range n.segments {
		if len(s.subnets) > 0 {
			continue
		}
		s.subnets = []netip.Prefix{dealt4(&next4, len(s.ports), chosen), dealt6(&next6, chosen)}
		if s.delegated.IsValid() {
			s.subnets[1] = s.delegated
		}
		switch {
		case n.config.noIPv6:
			s.subnets = s.subnets[:1]
		case s.inside64() != nil:
			s.subnets = s.subnets[1:]
		}
	}
}

// gather adds the ports of a link, and of all that the switches at its ends are linked to.
func (s *segment) gather(l *Link, seen map[*Link]bool) {
	seen[l] = true
	l.segment = s
	s.subnets = append(s.subnets, l.config.subnets...)
	for _, e := range l.ends {
		if e.node.kind != isSwitch {
			e.segment = s
			s.ports = append(s.ports, e)
			if e.node.kind == isRouter {
				s.routers = append(s.routers, e)
			}
			continue
		}
		for _, other := range e.node.ends {
			if !seen[other.link] {
				s.gather(other.link, seen)
			}
		}
	}
}

// dealt4 returns the next network of 10.0.0.0/8 with room for so many hosts: a /24, or a larger
// one for a large switch.
func dealt4(next *uint32, hosts int, taken []netip.Prefix) netip.Prefix {
	const smallest = 8 // bits for the number of a host
	size := max(smallest, bits.Len(uint(hosts+1)))
	blocks := uint32(1) << (size - smallest)
	for {
		*next = (*next + blocks - 1) / blocks * blocks
		var address [4]byte
		binary.BigEndian.PutUint32(address[:], 10<<24|*next<<smallest)
		*next += blocks
		if p := netip.PrefixFrom(netip.AddrFrom4(address), 32-size); !overlaps(p, taken) {
			return p
		}
	}
}

// dealt6 returns the next /64 of fd00::/32, whose addresses are for everybody's private use
// (RFC 4193).
func dealt6(next *uint32, taken []netip.Prefix) netip.Prefix {
	for {
		var address [16]byte
		address[0] = 0xfd
		binary.BigEndian.PutUint32(address[4:], *next)
		*next++
		if p := netip.PrefixFrom(netip.AddrFrom16(address), 64); !overlaps(p, taken) {
			return p
		}
	}
}

func overlaps(p netip.Prefix, others []netip.Prefix) bool {
	return slices.ContainsFunc(others, p.Overlaps)
}

// checkOverlaps makes sure that no address belongs to two segments.
func (n *Network) checkOverlaps() error {
	var errs []error
	owner := make(map[netip.Prefix]*segment)
	for _, s := range n.segments {
		for i, p := range s.subnets {
			for _, other := range s.subnets[:i] {
				if other.Overlaps(p) {
					errs = append(errs, fmt.Errorf("%v overlaps with %v, both of the network with the link %v", p, other, s.ports[0].link))
				}
			}
			for other, of := range owner {
				if of != s && other.Overlaps(p) && !n.apart(of, s) {
					errs = append(errs, fmt.Errorf("%v of the link %v overlaps with %v of the link %v: a switch joins nodes in one network",
						p, s.ports[0].link, other, of.ports[0].link))
				}
			}
			owner[s.subnets[i]] = s
		}
	}
	return errors.Join(errs...)
}

// number gives the ports of a segment the addresses that were chosen for them, and of the
// networks in which a port has none, the first addresses that are free.
func (s *segment) number() error {
	taken, errs := s.chosen()
	for _, subnet := range s.subnets {
		address := subnet.Addr()
		if !isOfTwo(subnet) {
			address = address.Next()
		}
		for _, e := range s.ports {
			if slices.ContainsFunc(e.addresses, func(p netip.Prefix) bool { return p.Masked() == subnet }) {
				continue
			}
			for taken[address] != nil {
				address = address.Next()
			}
			if !usable(subnet, address) {
				errs = append(errs, fmt.Errorf("%v has no address left for %s: %d nodes share it", subnet, e.node.name, len(s.ports)))
				break
			}
			e.addresses = append(e.addresses, netip.PrefixFrom(address, subnet.Bits()))
			address = address.Next()
		}
	}
	return errors.Join(errs...)
}

// chosen gives the ports the addresses that were chosen for them, and returns whose they are.
func (s *segment) chosen() (taken map[netip.Addr]*end, errs []error) {
	taken = make(map[netip.Addr]*end)
	for _, e := range s.ports {
		for _, p := range e.link.config.addresses[e.node] {
			if other := taken[p.Addr()]; other != nil {
				errs = append(errs, fmt.Errorf("%v is the address of %s and of %s", p.Addr(), other.node.name, e.node.name))
			}
			taken[p.Addr()] = e
			e.addresses = append(e.addresses, p)
		}
	}
	return taken, errs
}

// usable reports whether a host can have the address: the last one of an IPv4 network is for
// broadcasts, but for a network of two.
func usable(subnet netip.Prefix, address netip.Addr) bool {
	return subnet.Contains(address) && (address.Is6() || isOfTwo(subnet) || subnet.Contains(address.Next()))
}

// isOfTwo reports whether a network has two addresses at most, both for hosts (RFC 3021, RFC 6164).
func isOfTwo(p netip.Prefix) bool { return p.Addr().BitLen()-p.Bits() < 2 }
