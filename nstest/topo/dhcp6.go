// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// DHCP6 makes a router the DHCPv6 server (RFC 9915) of all its links but the one on which it asks for addresses
// itself, see [Dynamic]. Its router advertisements tell hosts to use DHCPv6. Without [Advertise], hosts form no
// other addresses.
//
// It delegates to each router that asks a network with a prefix of 56 bits. A router that is Dynamic divides
// it: each of its other links gets a network with a prefix of 64 bits, unless [Subnet] has chosen one.
//
//	isp := n.Router("isp", topo.DHCP6())
//	home := n.Router("home", topo.Dynamic(), topo.Advertise())
//	laptop := n.Host("laptop", topo.Dynamic())
//	n.Link(home, isp) // the uplink of home is its first link
//	n.Link(home, laptop)
func DHCP6() NodeOption {
	return func(c *nodeConfig) {
		c.only("DHCP6", isRouter)
		c.dhcp6 = true
	}
}

// Delegate is [DHCP6] that delegates networks with a prefix of that many bits, out of the network cidr, such as
// "2001:db8::/32".
func Delegate(cidr string, bits int) NodeOption {
	return func(c *nodeConfig) {
		c.only("Delegate", isRouter)
		p, err := netip.ParsePrefix(cidr)
		switch {
		case err == nil && (p != p.Masked() || !p.Addr().Is6()):
			err = fmt.Errorf("%s is no IPv6 network", cidr)
		case err == nil && (bits <= p.Bits() || bits > 64):
			err = fmt.Errorf("networks of %d bits are delegated out of one of %d: it must be %d to 64", bits, p.Bits(), p.Bits()+1)
		}
		if err != nil {
			err = fmt.Errorf("Delegate: %w", err)
		}
		c.err = errors.Join(c.err, err)
		c.dhcp6, c.pool, c.delegatedBits = true, p, bits
	}
}

// A delegation is what a router delegates networks of.
type delegation struct {
	pool netip.Prefix
	bits int
	next uint64
}

// take returns the next network. It is not valid if none is left.
func (d *delegation) take() netip.Prefix {
	if d.bits-d.pool.Bits() < 64 && d.next>>(d.bits-d.pool.Bits()) != 0 {
		return netip.Prefix{}
	}
	d.next++
	return subnet6(d.pool, d.bits, d.next-1)
}

// subnet6 returns the network of that number within another one. It has 64 bits at most.
func subnet6(of netip.Prefix, bits int, number uint64) netip.Prefix {
	address := of.Addr().As16()
	high := binary.BigEndian.Uint64(address[:8])
	binary.BigEndian.PutUint64(address[:8], high|number<<(64-bits))
	return netip.PrefixFrom(netip.AddrFrom16(address), bits)
}

// delegate plans which networks are delegated to routers.
func (n *Network) delegate() error {
	var errs []error
	delegating := 0
	for _, node := range n.nodes {
		c := &node.config
		if !c.dhcp6 || c.dynamic { // who was delegated a network itself keeps it
			continue
		}
		if !c.pool.IsValid() {
			// fd00:1::/32, of which no link has a network that is dealt out.
			c.pool, c.delegatedBits = subnet6(netip.MustParsePrefix("fd00:1::/32"), 40, uint64(delegating)), 56
		}
		delegating++
		node.delegation = &delegation{pool: c.pool, bits: c.delegatedBits}
	}
	for _, node := range n.nodes {
		if node.kind != isRouter || len(node.asking()) == 0 {
			continue
		}
		uplink := node.ends[0]
		for _, e := range uplink.servers(delegates) {
			if node.planned = e.node.delegation.take(); !node.planned.IsValid() {
				errs = append(errs, fmt.Errorf("%v of the router %s has no network left for the router %s", e.node.delegation.pool, e.node.name, node.name))
				break
			}
			errs = append(errs, node.divideUp())
			break
		}
	}
	return errors.Join(errs...)
}

// divideUp gives the router's links networks of the one that is to be delegated to it.
func (n *node) divideUp() error {
	number := uint64(0)
	for _, e := range n.ends[1:] {
		s := e.segment
		if len(s.subnets) > 0 || s.delegated.IsValid() {
			continue
		}
		if n.planned.Bits() < 64 && number>>(64-n.planned.Bits()) != 0 || n.planned.Bits() == 64 && number > 0 {
			return fmt.Errorf("%v, which is delegated to the router %s, has too few networks for its links", n.planned, n.name)
		}
		s.delegated = subnet6(n.planned, 64, number)
		number++
	}
	return nil
}

// A lease6 is what a DHCPv6 server has given to an end.
type lease6 struct {
	address netip.Addr
	prefix  netip.Prefix // for a router
	from    netip.Addr   // the link-local address that has asked
	term    term
	reply   *dhcpv6.Message // that has it
}

// String is such as "fd00::2" or "fd00::2 and fd00:1::/56".
func (l lease6) String() string {
	if l.prefix.IsValid() {
		return fmt.Sprintf("%v and %v", l.address, l.prefix)
	}
	return l.address.String()
}

// Delegated returns the network that was delegated to the router by DHCPv6, or the zero prefix.
func (r *Router) Delegated() netip.Prefix {
	r.n.network.mu.Lock()
	defer r.n.network.mu.Unlock()
	if asking := r.n.asking(); len(asking) > 0 {
		return asking[0].lease6.prefix
	}
	return netip.Prefix{}
}

// withholdDelegated takes back the addresses that wait for a network to be delegated.
func (n *node) withholdDelegated() {
	if !n.planned.IsValid() {
		return
	}
	for _, e := range n.ends[1:] {
		of := func(p netip.Prefix) bool { return n.planned.Overlaps(p) }
		for _, p := range e.addresses {
			if of(p) {
				e.planned = append(e.planned, p)
			}
		}
		e.addresses = slices.DeleteFunc(e.addresses, of)
	}
}
