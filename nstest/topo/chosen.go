// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// A chosen has what the options of a link say of its addresses.
type chosen struct {
	networks  []netip.Prefix           // by Subnet
	subnets   []netip.Prefix           // these, and those of the addresses
	addresses map[*node][]netip.Prefix // by Address
}

// Subnet chooses the networks that the link's addresses are from, such as "192.0.2.0/24" and "2001:db8::/64",
// instead of the IPv4 and the IPv6 network that the link would get. With only an IPv4 network, the link has no
// IPv6 addresses. A switch has the networks of all its links. In a network of two, such as 192.0.2.0/31, both addresses are
// for hosts (RFC 3021).
func Subnet(cidrs ...string) LinkOption {
	return linkOption(func(c *linkConfig) {
		for _, cidr := range cidrs {
			p, err := parseNetwork(cidr)
			if err != nil {
				c.err = errors.Join(c.err, fmt.Errorf("topo.Subnet(%q): %w", cidr, err))
				continue
			}
			c.networks, c.subnets = append(c.networks, p), append(c.subnets, p)
		}
	})
}

// Address chooses addresses of one end of the link, such as "192.0.2.7/24", and with them the link's
// networks, see [Subnet].
func Address(of Node, cidrs ...string) LinkOption {
	return linkOption(func(c *linkConfig) {
		if c.addresses == nil {
			c.addresses = make(map[*node][]netip.Prefix)
		}
		node, err := nodeOf(of)
		if err != nil {
			c.err = errors.Join(c.err, fmt.Errorf("topo.Address: %w", err))
			return
		}
		for _, cidr := range cidrs {
			p, err := parseAddress(cidr)
			if err != nil {
				c.err = errors.Join(c.err, fmt.Errorf("topo.Address(%q): %w", cidr, err))
				continue
			}
			c.addresses[node] = append(c.addresses[node], p)
			c.subnets = append(c.subnets, p.Masked())
		}
	})
}

// checkChosen makes sure that addresses which were chosen can be what is meant.
func (l *Link) checkChosen() error {
	var errs []error
	for _, node := range sortedByName(l.config.addresses) {
		switch {
		case node != l.ends[0].node && node != l.ends[1].node:
			errs = append(errs, fmt.Errorf("topo.Address: %s is not one of the link's nodes", node.name))
		case node.kind == isSwitch:
			errs = append(errs, fmt.Errorf("topo.Address: the switch %s has no addresses", node.name))
		}
	}
	for _, f := range []Family{IPv4, IPv6} {
		a, b := l.ends[0].chosen(f), l.ends[1].chosen(f)
		if len(a) > 0 && len(b) > 0 && !shareNetwork(a, b) {
			errs = append(errs, fmt.Errorf("%v of %s and %v of %s are in different networks: the ends of a link share one",
				listed(a), l.ends[0].node.name, listed(b), l.ends[1].node.name))
		}
		networks := ofFamily(l.config.networks, f)
		for _, e := range l.ends {
			if own := e.chosen(f); len(own) > 0 && len(networks) > 0 && !shareNetwork(own, networks) {
				errs = append(errs, fmt.Errorf("%s of %s is in none of the networks %s that topo.Subnet chooses", listed(own), e.node.name, listed(networks)))
			}
		}
	}
	return errors.Join(errs...)
}

// chosen returns the end's addresses of a family that were chosen.
func (e *end) chosen(f Family) []netip.Prefix { return ofFamily(e.link.config.addresses[e.node], f) }

func ofFamily(all []netip.Prefix, f Family) (list []netip.Prefix) {
	for _, p := range all {
		if f.of(p.Addr()) {
			list = append(list, p)
		}
	}
	return list
}

func shareNetwork(a, b []netip.Prefix) bool {
	return slices.ContainsFunc(a, func(p netip.Prefix) bool {
		return slices.ContainsFunc(b, func(q netip.Prefix) bool { return p.Masked() == q.Masked() })
	})
}

func listed(all []netip.Prefix) string {
	texts := make([]string, len(all))
	for i, p := range all {
		texts[i] = p.String()
	}
	return strings.Join(texts, ", ")
}
