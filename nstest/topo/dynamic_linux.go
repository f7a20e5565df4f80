// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
)

// addressTime is how long nodes may take to get their addresses.
const addressTime = 20 * time.Second

// ignoreAdverts has a host that was given its addresses go by no router advertisement on its interfaces that are
// yet to come. By default it would.
func (n *node) ignoreAdverts() error {
	if n.config.dynamic || !n.network.onRequest() {
		return nil
	}
	return inside.Do(n.fixture.Set(), func() error { return nssetup.SetIPv6Sysctl("net/ipv6/conf/default/accept_ra", "0") })
}

// hearAdverts says which interfaces go by router advertisements where the kernel would have it otherwise. Those of a
// fixture that is not the network's own do not. The uplink of a router that asks for addresses does, in spite of forwarding
// (Documentation/networking/ip-sysctl.rst, accept_ra).
func (n *node) hearAdverts() error {
	var ends []*end
	value := "0"
	switch {
	case n.external && n.network.onRequest():
		ends = n.ends
	case n.kind == isRouter:
		ends, value = n.asking(), "2"
	}
	if len(ends) == 0 {
		return nil
	}
	return inside.Do(n.fixture.Set(), func() (err error) {
		for _, e := range ends {
			err = errors.Join(err, nssetup.SetIPv6Sysctl("net/ipv6/conf/"+e.name+"/accept_ra", value))
		}
		return err
	})
}

// assign has the nodes that give addresses begin, and those that ask get theirs.
func (n *Network) assign() error {
	if !n.onRequest() {
		return nil
	}
	var routers, hosts []*node
	for _, node := range n.nodes {
		if err := node.startServers(); err != nil {
			return fmt.Errorf("%v %s: %w", node.kind, node.name, err)
		}
		switch {
		case len(node.asking()) == 0:
		case node.kind == isRouter:
			routers = append(routers, node)
		default:
			hosts = append(hosts, node)
		}
	}
	// A router may have to wait for another one.
	if err := n.eachOf(routers, len(routers), (*node).acquire); err != nil {
		return err
	}
	if err := n.eachOf(hosts, atOnce, (*node).acquire); err != nil {
		return err
	}
	if len(routers) == 0 {
		return n.each(hosts, (*node).preferUplink)
	}
	return n.reroute()
}

// reassign has nodes ask again that have lost their addresses since their link was down. Those that no server can
// hear do so later.
func (n *Network) reassign() error {
	if !n.onRequest() || !n.division.none() {
		return nil
	}
	var nodes []*node
	for _, node := range n.nodes {
		for _, e := range node.asking() {
			if !e.asksAgain() {
				continue
			}
			for _, s := range e.servers(advertises) { // the kernel may have asked before that was up
				if err := s.advertise(); err != nil {
					return fmt.Errorf("%v %s: %w", s.node.kind, s.node.name, err)
				}
			}
			nodes = append(nodes, node)
		}
	}
	nodes = slices.Compact(nodes)
	err := n.eachOf(nodes, min(atOnce, len(nodes)), (*node).acquire)
	n.keepLeases()
	return err
}

// asksAgain reports whether the end has lost its addresses, and is where somebody can hear it.
func (e *end) asksAgain() bool {
	return e.lost && !e.link.down && len(e.awaited()) > 0 && len(e.neighbours()) > 0
}

func (n *node) startServers() error {
	c := &n.config
	if advertises(&c.addressing) {
		if err := n.advertise(); err != nil {
			return err
		}
		now := slices.DeleteFunc(slices.Clone(n.ends), func(e *end) bool {
			return e.asks() || len(e.planned) > 0 // which have to be there first
		})
		if err := advertiseAll(now); err != nil {
			return err
		}
	}
	if c.dhcp6 {
		if err := n.serve6(n.routeDelegated); err != nil {
			return err
		}
	}
	if c.dhcp4 {
		return n.serve4()
	}
	return nil
}

// routeDelegated is called on the goroutine of a server, and so has a socket of its own.
func (n *node) routeDelegated(to netip.Prefix, via netip.Addr, e *end) error {
	conn, err := rtnl.Dial(n.fixture.Set())
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Do(rtnl.SetLeasedRoute(to, via, e.index, e.metric()))
}

// acquire gets the addresses that the node is to ask for, on those of its links that are up.
func (n *node) acquire() error {
	deadline := time.Now().Add(cmp.Or(n.network.config.addressTime, addressTime))
	ends := slices.DeleteFunc(n.asking(), func(e *end) bool { return e.link.down })
	for _, e := range ends {
		e.stopKeeping()
	}
	var leases map[*end]lease4
	asked := make(chan error, 1)
	go func() (err error) { // beside the kernel's own work
		defer func() { asked <- err }()
		leases, err = n.ask4(ends, deadline)
		return err
	}()
	var errs []error
	for _, e := range ends {
		if slices.Contains(e.awaited(), IPv6) {
			errs = append(errs, e.explain(n.configure6(e, deadline)))
		}
	}
	errs = append(errs, <-asked, n.apply4(ends, leases))
	for _, e := range ends {
		errs = append(errs, n.learn(e))
		e.lost = false
	}
	return errors.Join(append(errs, n.readdress())...)
}

// apply4 gives the interfaces what was leased, and takes back what was before.
func (n *node) apply4(ends []*end, leases map[*end]lease4) error {
	var requests []rtnl.Request
	for _, e := range ends {
		lease, has := leases[e]
		if !has {
			continue
		}
		if before, had := e.lease4, e.lease4.address.IsValid(); had && before.address != lease.address {
			requests = append(requests, rtnl.DelAddress(e.name, e.index, before.address))
		}
		requests = append(requests, rtnl.AddAddress(e.name, e.index, lease.address))
		if len(lease.routers) > 0 {
			requests = append(requests, rtnl.SetLeasedRoute(everywhere(IPv4), lease.routers[0], e.index, e.metric()))
		}
		e.lease4 = lease
	}
	return n.conn.Do(requests...)
}

// metric is that of a route to everywhere which the end has got: a node's first link counts.
func (e *end) metric() int {
	const first = 100
	return first + slices.Index(e.node.ends, e)
}

func everywhere(f Family) netip.Prefix {
	if f == IPv4 {
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
}

// advertise has a router advertise itself on a link.
func (e *end) advertise() error {
	from, err := e.linkLocal()
	if err == nil {
		e.node.advertiser.begin(e, from)
	}
	return err
}

// learn reads which addresses the end has.
func (n *node) learn(e *end) error {
	addresses, err := n.conn.Addresses(e.index)
	if err != nil {
		return err
	}
	for i, p := range addresses { // a leased one has no network of its own
		for _, subnet := range e.segment.of(IPv6) {
			if p.Bits() == 128 && subnet.Contains(p.Addr()) {
				addresses[i] = netip.PrefixFrom(p.Addr(), subnet.Bits())
			}
		}
	}
	e.addresses = addresses
	return nil
}
