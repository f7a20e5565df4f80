// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// How addresses are given on request:
//
//  1. Up plans them like those of any node. An end that is to ask for them does not get them, nor
//     does an end whose network is to be delegated.
//  2. Once all links carry, routers advertise and servers listen (advertiser.go,
//     dhcp4_server.go, dhcp6_server.go). Servers give a node what is planned for it, and anybody
//     else what is left.
//  3. Nodes ask, routers first. What they have then is read from the kernel.
//  4. Routes and names are those of the addresses that are there.

// A Family is a version of IP.
type Family int

// The two families.
const (
	IPv4 Family = 4
	IPv6 Family = 6
)

func (f Family) String() string { return fmt.Sprintf("IPv%d", int(f)) }

// of reports whether an address is one of the family.
func (f Family) of(a netip.Addr) bool { return a.Is4() == (f == IPv4) }

// An addressing is what the options of a node say of how it gets addresses, and gives them to others.
type addressing struct {
	dynamic  bool
	families []Family // that are waited for
	slaac    bool     // it advertises networks to make addresses in
	dhcp4    bool
	dhcp6    bool

	leaseTime time.Duration // if it is not the usual one

	pool          netip.Prefix // of what it delegates
	delegatedBits int
}

// A dynamicEnd is what an end has besides where addresses are given on request.
type dynamicEnd struct {
	mac     net.HardwareAddr
	planned []netip.Prefix // addresses that servers give to it
	lease4  lease4
	lease6  lease6
	lost    bool               // its link went down, and it has not asked since
	letGo   context.CancelFunc // of what keeps its leases, nil for nothing
}

// Dynamic makes a node ask for its addresses, as most hosts do: by SLAAC (RFC 4862), which the kernel does, by
// DHCPv4 (RFC 2131) and, if a router advertisement says so, by DHCPv6 (RFC 9915). The node gets no other
// addresses, and has the routes that it learns in this way. A host asks on all its links, a router on its first
// one, its uplink.
//
// [Network.Up] returns when the node has addresses of the families that nodes at the link give out, see
// [Advertise], [DHCP4] and [DHCP6]. If the server is a program that Fixture.Start has started before Up, name
// the families to wait for:
//
//	n.Host("client", topo.Dynamic(topo.IPv4))
func Dynamic(families ...Family) NodeOption {
	return func(c *nodeConfig) {
		c.only("Dynamic", isHost, isRouter)
		c.dynamic, c.families = true, families
		for _, f := range families {
			if f != IPv4 && f != IPv6 {
				c.err = errors.Join(c.err, fmt.Errorf("Dynamic(%d): the families are IPv4 and IPv6", int(f)))
			}
		}
	}
}

// asks reports whether the end is to get its addresses by asking.
func (e *end) asks() bool {
	return e.node.config.dynamic && (e.node.kind == isHost || e == e.node.ends[0])
}

// asking returns the ends of a node that ask for their addresses.
func (n *node) asking() (list []*end) {
	for _, e := range n.ends {
		if e.asks() {
			list = append(list, e)
		}
	}
	return list
}

// onRequest reports whether there are nodes that give addresses, or ask for them.
func (n *Network) onRequest() bool {
	return slices.ContainsFunc(n.nodes, func(node *node) bool {
		c := &node.config
		return c.dynamic || c.slaac || c.dhcp4 || c.dhcp6
	})
}

// withhold takes back the addresses that are to be asked for.
func (n *Network) withhold() error {
	if !n.onRequest() {
		return nil
	}
	var errs []error
	for _, node := range n.nodes {
		if node.config.dynamic && len(node.ends) == 0 {
			errs = append(errs, fmt.Errorf("%v %s asks for addresses, and has no link", node.kind, node.name))
		}
	}
	for _, l := range n.links {
		for i, e := range l.ends {
			// Locally administered, and the same in each run, and so are the addresses that are made of it.
			number := 2*l.number + i
			e.mac = net.HardwareAddr{0x02, 0x74, 0x6f, byte(number >> 16), byte(number >> 8), byte(number)}
			if e.node.kind == isSwitch || !e.asks() {
				continue
			}
			e.planned, e.addresses = e.addresses, nil
			if len(e.awaited()) == 0 {
				errs = append(errs, fmt.Errorf("%v %s asks for addresses on the link %v, and no node there gives any: "+
					"topo.Advertise, DHCP4 and DHCP6 make a router do so, and topo.Dynamic(topo.IPv4) waits for a program of the test",
					e.node.kind, e.node.name, l))
			}
		}
	}
	for _, node := range n.nodes {
		node.withholdDelegated()
	}
	return errors.Join(errs...)
}

// awaited returns the families of which the end has to get an address.
func (e *end) awaited() (list []Family) {
	if given := e.node.config.families; len(given) > 0 {
		return given
	}
	if len(e.servers(leases4)) > 0 && len(e.segment.of(IPv4)) > 0 {
		list = append(list, IPv4)
	}
	if len(e.servers(advertises)) > 0 && len(e.segment.of(IPv6)) > 0 {
		list = append(list, IPv6)
	}
	return list
}

// servers returns the ends of nodes that give addresses in a certain way, over links that are up.
func (e *end) servers(is func(*addressing) bool) (list []*end) {
	for _, p := range e.neighbours() {
		if p.node != e.node && !p.asks() && is(&p.node.config.addressing) {
			list = append(list, p.end)
		}
	}
	return list
}

func advertises(c *addressing) bool { return c.slaac || c.dhcp6 }
func slaac(c *addressing) bool      { return c.slaac }
func leases4(c *addressing) bool    { return c.dhcp4 }
func leases6(c *addressing) bool    { return c.dhcp6 }
func delegates(c *addressing) bool  { return c.dhcp6 && !c.dynamic }

// programsFirst is for those who miss a server that may be a program.
const programsFirst = "a program of the test has to be started before Up"

// of returns the segment's networks of one family.
func (s *segment) of(f Family) []netip.Prefix { return ofFamily(s.subnets, f) }

// address returns the end's first address of a family.
func (e *end) address(f Family) (netip.Addr, bool) {
	for _, p := range e.addresses {
		if f.of(p.Addr()) {
			return p.Addr(), true
		}
	}
	return netip.Addr{}, false
}
