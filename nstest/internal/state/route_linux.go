// SPDX-License-Identifier: Apache-2.0

package state

import (
	"fmt"
	"net/netip"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// linkLocal has a route on every link that is up.
var linkLocal = netip.MustParsePrefix("fe80::/64")

func readRoutes(s Subject) (func(*State), error) {
	var list []Route
	err := s.withRoutes(func(handle *netlink.Handle) (err error) {
		list, err = listRoutes(handle)
		return err
	})
	return func(state *State) { state.Routes = list }, err
}

func listRoutes(handle *netlink.Handle) (list []Route, err error) {
	allTables := &netlink.Route{Table: unix.RT_TABLE_UNSPEC}
	err = handle.RouteListFilteredIter(netlink.FAMILY_ALL, allTables, netlink.RT_FILTER_TABLE, func(r netlink.Route) bool {
		if r.Family != unix.AF_INET && r.Family != unix.AF_INET6 {
			return true
		}
		if r.Protocol != unix.RTPROT_KERNEL || r.Table != unix.RT_TABLE_LOCAL && rtnl.Prefix(r.Dst) != linkLocal {
			list = append(list, routeOf(r))
		}
		return true
	})
	return list, err
}

// routeTypes are those of routes that lead nowhere, or not away (ip-route(8)).
var routeTypes = map[int]string{
	unix.RTN_LOCAL: "local", unix.RTN_BROADCAST: "broadcast", unix.RTN_ANYCAST: "anycast", unix.RTN_MULTICAST: "multicast",
	unix.RTN_BLACKHOLE: "blackhole", unix.RTN_UNREACHABLE: "unreachable", unix.RTN_PROHIBIT: "prohibit",
	unix.RTN_THROW: "throw", unix.RTN_NAT: "nat",
}

func routeOf(r netlink.Route) Route {
	route := Route{
		To: rtnl.Prefix(r.Dst), Type: routeTypes[r.Type], Source: rtnl.Addr(r.Src), Metric: r.Priority, Table: r.Table,
	}
	for _, hop := range rtnl.Hops(r) {
		route.Hops = append(route.Hops, Hop{Via: hop.Via, Link: hop.Link, Notes: hopNotes(hop.Flags)})
	}
	return route
}

func hopNotes(flags int) (notes []string) {
	for _, note := range []struct {
		flag int
		text string
	}{{unix.RTNH_F_DEAD, "dead"}, {unix.RTNH_F_LINKDOWN, "linkdown"}, {unix.RTNH_F_ONLINK, "onlink"}} {
		if flags&note.flag != 0 {
			notes = append(notes, note.text)
		}
	}
	return notes
}

func readRules(s Subject) (func(*State), error) {
	var list []Rule
	err := s.withRoutes(func(handle *netlink.Handle) (err error) {
		list, err = listRules(handle)
		return err
	})
	return func(state *State) { state.Rules = list }, err
}

func listRules(handle *netlink.Handle) (list []Rule, err error) {
	all, err := handle.RuleList(netlink.FAMILY_ALL)
	for _, r := range all {
		if r.Family != unix.AF_INET && r.Family != unix.AF_INET6 {
			continue
		}
		if rule := ruleOf(r); !rule.usual() {
			list = append(list, rule)
		}
	}
	return list, err
}

func ruleOf(r netlink.Rule) Rule {
	rule := Rule{IPv6: r.Family == unix.AF_INET6, Priority: r.Priority, Not: r.Invert, Table: r.Table, Goto: max(r.Goto, 0)}
	add := func(when bool, format string, args ...any) {
		if when {
			rule.Selectors = append(rule.Selectors, fmt.Sprintf(format, args...))
		}
	}
	add(r.Src != nil, "from %v", rtnl.Prefix(r.Src))
	add(r.Dst != nil, "to %v", rtnl.Prefix(r.Dst))
	add(r.Tos != 0, "tos %#x", r.Tos)
	add(r.IifName != "", "iif %s", r.IifName)
	add(r.OifName != "", "oif %s", r.OifName)
	if r.Mask != nil && *r.Mask != 0xffffffff {
		add(true, "fwmark %#x/%#x", r.Mark, *r.Mask)
	} else {
		add(r.Mark != 0, "fwmark %#x", r.Mark)
	}
	add(r.IPProto > 0, "ipproto %d", r.IPProto)
	if r.Sport != nil {
		add(true, "sport %d-%d", r.Sport.Start, r.Sport.End)
	}
	if r.Dport != nil {
		add(true, "dport %d-%d", r.Dport.Start, r.Dport.End)
	}
	if r.UIDRange != nil {
		add(true, "uidrange %d-%d", r.UIDRange.Start, r.UIDRange.End)
	}
	add(r.SuppressPrefixlen >= 0, "suppress_prefixlength %d", r.SuppressPrefixlen)
	return rule
}

// neighbourStates are those of linux/neighbour.h. Neighbours that nobody has to ask
// for, NUD_NOARP, are the kernel's.
var neighbourStates = []struct {
	state int
	name  string
}{
	{unix.NUD_PERMANENT, "PERMANENT"}, {unix.NUD_REACHABLE, "REACHABLE"}, {unix.NUD_STALE, "STALE"}, {unix.NUD_DELAY, "DELAY"},
	{unix.NUD_PROBE, "PROBE"}, {unix.NUD_FAILED, "FAILED"}, {unix.NUD_INCOMPLETE, "INCOMPLETE"},
}

func readNeighbours(s Subject) (func(*State), error) {
	var list []Neighbour
	err := s.withRoutes(func(handle *netlink.Handle) (err error) {
		list, err = listNeighbours(handle)
		return err
	})
	return func(state *State) { state.Neighbours = list }, err
}

func listNeighbours(handle *netlink.Handle) (list []Neighbour, err error) {
	all, err := handle.NeighList(0, netlink.FAMILY_ALL)
	for _, n := range all {
		if n.Family != unix.AF_INET && n.Family != unix.AF_INET6 {
			continue
		}
		for _, known := range neighbourStates {
			if n.State&known.state != 0 {
				list = append(list, Neighbour{rtnl.Addr(n.IP), n.LinkIndex, n.HardwareAddr.String(), known.name})
				break
			}
		}
	}
	return list, err
}
