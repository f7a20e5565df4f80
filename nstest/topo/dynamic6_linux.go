// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"golang.org/x/sys/unix"
)

// configure6 waits for the addresses that the kernel makes of router advertisements, and asks for what they say is to be
// asked for.
func (n *node) configure6(e *end, deadline time.Time) error {
	managed := len(e.servers(leases6)) > 0
	var wanted []netip.Prefix
	for _, p := range e.segment.of(IPv6) {
		if autoconfigured(p) && len(e.servers(slaac)) > 0 {
			wanted = append(wanted, p)
		}
	}
	err := n.await6(e, deadline, func() (missing []string, err error) {
		advert, err := n.conn.Advert(e.index)
		if err != nil || !advert.Received {
			return []string{"no router advertisement has come"}, err
		}
		managed = managed || advert.Managed
		if len(wanted) == 0 && managed {
			return nil, nil
		}
		return n.unmade(e, wanted)
	})
	if err != nil || !managed {
		return err
	}
	from, err := e.linkLocal()
	if err != nil {
		return err
	}
	lease, err := n.ask6(e, from, deadline)
	if err != nil {
		return err
	}
	return n.apply6(e, lease)
}

// unmade says which addresses the kernel has not made of advertisements.
func (n *node) unmade(e *end, wanted []netip.Prefix) (missing []string, err error) {
	addresses, err := n.conn.Addresses(e.index)
	for _, p := range wanted {
		if !slices.ContainsFunc(addresses, func(a netip.Prefix) bool { return p.Contains(a.Addr()) }) {
			missing = append(missing, fmt.Sprintf("router advertisements have come, and no address in %v was made of them", p))
		}
	}
	if len(wanted) == 0 && !slices.ContainsFunc(addresses, func(a netip.Prefix) bool { return a.Addr().Is6() }) {
		missing = []string{"router advertisements have come, and no address was made of them"}
	}
	return missing, err
}

// await6 waits until nothing of IPv6 is missing.
func (n *node) await6(e *end, deadline time.Time, look func() (missing []string, err error)) error {
	return rtnl.Await(n.fixture.Set(), time.Until(deadline), look,
		unix.RTNLGRP_IPV6_IFINFO, unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV6_ROUTE)
}

// apply6 gives the interface the address that was leased, and the router's other ones what was delegated.
func (n *node) apply6(e *end, lease lease6) error {
	if err := n.endLease6(e, lease); err != nil {
		return err
	}
	e.lease6 = lease
	requests := []rtnl.Request{rtnl.AddAddress(e.name, e.index, netip.PrefixFrom(lease.address, whole))}
	if n.planned.IsValid() && lease.prefix != n.planned {
		return fmt.Errorf("the router was delegated %v, and not %v: is there another DHCPv6 server at the link %v?", lease.prefix, n.planned, e.link)
	}
	want := rtnl.Expected{Local: []netip.Addr{lease.address}}
	var begin []*end
	for _, other := range n.ends {
		if other.asks() || len(other.planned) == 0 {
			continue
		}
		for _, p := range other.usePlanned() {
			requests = append(requests, rtnl.AddAddress(other.name, other.index, p))
			want.Local = append(want.Local, p.Addr())
		}
		begin = append(begin, other)
	}
	if err := n.conn.Do(requests...); err != nil {
		return err
	}
	if err := n.conn.Settle(n.fixture.Set(), want, settleTime); err != nil || n.advertiser == nil {
		return err
	}
	return advertiseAll(begin)
}

// whole is the length of leased addresses: which of them are neighbours the advertisements say (RFC 5942).
const whole = 128

// endLease6 takes the address of the lease before, if the next one has another.
func (n *node) endLease6(e *end, next lease6) error {
	before := e.lease6.address
	if !before.IsValid() || before == next.address {
		return nil
	}
	err := n.conn.Do(rtnl.DelAddress(e.name, e.index, netip.PrefixFrom(before, whole)))
	if errors.Is(err, unix.EADDRNOTAVAIL) { // it has gone with the link
		return nil
	}
	return err
}

// usePlanned has the end have the addresses that were planned for it, and returns them.
func (e *end) usePlanned() []netip.Prefix {
	planned := e.planned
	e.addresses = append(e.addresses, planned...)
	e.planned = nil
	return planned
}

// advertiseAll begins to send router advertisements at the ends.
func advertiseAll(ends []*end) error {
	for _, e := range ends {
		if err := e.advertise(); err != nil {
			return err
		}
	}
	return nil
}

// explain adds what is known of why the end has got no address.
func (e *end) explain(err error) error {
	if err == nil {
		return nil
	}
	var known []error
	var names []string
	for _, s := range e.servers(advertises) {
		names = append(names, s.node.name)
		known = append(known, s.node.advertiser.failure())
	}
	text := "no node of the network advertises there: topo.Advertise and topo.DHCP6 make a router do so; " + programsFirst
	if len(names) > 0 {
		text = "there, router advertisements are for " + strings.Join(names, ", ") + " to send"
	}
	return errors.Join(append([]error{fmt.Errorf("no IPv6 address for %s (link %v): %w; %s", e.name, e.link, err, text)}, known...)...)
}

// linkLocal waits until the end has its link-local address, which the kernel makes by itself.
func (e *end) linkLocal() (address netip.Addr, err error) {
	look := func() (missing []string, err error) {
		address, err = e.node.conn.LinkLocal(e.index)
		if !address.IsValid() {
			missing = []string{fmt.Sprintf("there is no link-local address at %s (link %v)", e.name, e.link)}
		}
		return missing, err
	}
	err = rtnl.Await(e.node.fixture.Set(), settleTime, look, unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV6_ROUTE)
	return address, err
}
