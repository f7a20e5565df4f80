// SPDX-License-Identifier: Apache-2.0

package state

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// A Route is one of any table but the local one, or one that somebody has put
// there.
type Route struct {
	To     netip.Prefix // of length 0 for the default route
	Type   string       // "" for unicast, "unreachable", "blackhole", "local" ...
	Hops   []Hop        // several share the traffic
	Source netip.Addr   // preferred, or zero
	Metric int
	Table  int
}

// A Hop is a way to take.
type Hop struct {
	Via   netip.Addr // zero for what is on the link
	Link  int
	Notes []string // "linkdown", "dead", "onlink"
}

// The tables and metrics that go unsaid (linux/rtnetlink.h, net/ipv6/ip6_route.h).
const (
	mainTable          = 254
	connectedIPv6      = 256  // IP6_RT_PRIO_ADDRCONF
	usualIPv6          = 1024 // IP6_RT_PRIO_USER
	localTable         = 255
	defaultTable       = 253
	localPriority      = 0
	mainPriority       = 32766
	defaultPriority    = 32767
	unspecifiedTable   = 0
	unspecifiedVerdict = "nowhere (blackhole, unreachable or prohibit)"
)

// tableName is as ip-route(8) has it without its configuration.
func tableName(table int) string {
	switch table {
	case mainTable:
		return "main"
	case localTable:
		return "local"
	case defaultTable:
		return "default"
	}
	return strconv.Itoa(table)
}

func routeLines(list []Route, names map[int]string) (lines []string) {
	for _, r := range list {
		lines = append(lines, r.line(names))
	}
	return lines
}

func (r Route) line(names map[int]string) string {
	to := r.To.String()
	switch {
	case r.To.Bits() == 0 && r.To.Addr().Is6():
		to = "default (IPv6)"
	case r.To.Bits() == 0:
		to = "default"
	case r.To.IsSingleIP():
		to = r.To.Addr().String()
	}
	var hops []string
	for _, h := range r.Hops {
		hops = append(hops, h.text(names))
	}
	line := words(r.Type, to, strings.Join(hops, " or "))
	if r.Source.IsValid() {
		line += " src " + r.Source.String()
	}
	usual := r.Metric == 0 || r.To.Addr().Is6() && (r.Metric == connectedIPv6 || r.Metric == usualIPv6)
	if !usual {
		line += fmt.Sprintf(" metric %d", r.Metric)
	}
	if r.Table != mainTable {
		line += " table " + tableName(r.Table)
	}
	return line
}

func (h Hop) text(names map[int]string) string {
	var via, dev string
	if h.Via.IsValid() {
		via = "via " + h.Via.String()
	}
	if h.Link != 0 {
		dev = "dev " + nameOf(names, h.Link)
	}
	return words(via, dev, strings.Join(h.Notes, " "))
}

// A Rule tells which table is looked into (ip-rule(8)), if the kernel has not
// made it by itself.
type Rule struct {
	IPv6      bool
	Priority  int
	Not       bool
	Selectors []string // "from 192.0.2.0/24", "fwmark 0x1"; none for all packets
	Table     int      // 0 for none
	Goto      int      // the priority of another rule, or 0
}

// usual reports whether the kernel makes the rule with the namespace.
func (r Rule) usual() bool {
	if r.Not || len(r.Selectors) > 0 || r.Goto != 0 {
		return false
	}
	switch r.Priority {
	case localPriority:
		return r.Table == localTable
	case mainPriority:
		return r.Table == mainTable
	case defaultPriority:
		return r.Table == defaultTable && !r.IPv6
	}
	return false
}

func ruleLines(list []Rule) (lines []string) {
	for _, r := range list {
		selectors := strings.Join(r.Selectors, " ")
		if selectors == "" {
			selectors = "from all"
		}
		not, to := "", "lookup "+tableName(r.Table)
		if r.Not {
			not = "not"
		}
		switch {
		case r.Goto != 0:
			to = fmt.Sprintf("goto %d", r.Goto)
		case r.Table == unspecifiedTable:
			to = "to " + unspecifiedVerdict
		}
		family := ""
		if r.IPv6 {
			family = "(IPv6)"
		}
		lines = append(lines, words(fmt.Sprintf("%d:", r.Priority), not, selectors, to, family))
	}
	return lines
}
