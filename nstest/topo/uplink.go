// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// Uplinks sets the links for packets that the host sends beyond its own networks. The first one that is up is
// used, and when it goes down, the next one. Without Uplinks, routes lead over the shortest path. It may be
// called before Up and after; see [Host.Use].
//
//	phone := n.Host("phone")
//	wifi, mobile := n.Link(phone, home), n.Link(phone, cell)
//	phone.Uplinks(wifi, mobile)
//
// As on most machines, only the state of the host's own link counts: if a router behind it is cut off, the host
// stays on that link. A connection keeps its source address, so that packets come back on the link of that
// address. For each link, a host that is [Dynamic] uses the routers that DHCPv4 and router advertisements have
// named.
func (h *Host) Uplinks(links ...*Link) {
	h.made().network.tb.Helper()
	what := "uplinks of " + h.n.name
	ends, err := h.n.uplinkEnds(links)
	if err != nil {
		h.n.network.fatal(what, err)
	}
	for _, l := range links {
		what += " " + l.String()
	}
	h.n.switchUplinks(what, ends)
}

// Use makes another of its uplinks the host's first one, as when a phone leaves the house and goes from wifi to
// the mobile network. The others follow in their order.
func (h *Host) Use(l *Link) {
	h.made().network.tb.Helper()
	what := fmt.Sprintf("%s uses %v", h.n.name, l)
	ends, err := h.n.uplinkEnds([]*Link{l})
	if err == nil && !slices.Contains(h.n.uplinksNow(), ends[0]) {
		err = errors.New("that is none of its uplinks: name all of them by Uplinks before")
	}
	if err != nil {
		h.n.network.fatal(what, err)
	}
	rest := slices.DeleteFunc(h.n.uplinksNow(), func(e *end) bool { return e == ends[0] })
	h.n.switchUplinks(what, append(ends, rest...))
}

// uplinkEnds are the host's ends of its links.
func (n *node) uplinkEnds(links []*Link) (ends []*end, err error) {
	switch {
	case n.kind != isHost:
		return nil, fmt.Errorf("it is a %v, which has a route to each network: uplinks are for hosts", n.kind)
	case n.network.config.noRoutes:
		return nil, errors.New("the network has topo.NoRoutes")
	case len(links) == 0:
		return nil, errors.New("there is no link")
	}
	for _, l := range links {
		i := slices.IndexFunc(n.ends, func(e *end) bool { return e.link == l })
		if i < 0 {
			return nil, fmt.Errorf("%v is no link of %s", l, n.name)
		}
		if n.ends[i].table.name != "" {
			return nil, fmt.Errorf("%v is in the VRF %s: an uplink is for what is in none", l, n.ends[i].table.name)
		}
		if slices.Contains(ends, n.ends[i]) {
			return nil, fmt.Errorf("%v is named twice", l)
		}
		ends = append(ends, n.ends[i])
	}
	return ends, nil
}

func (n *node) uplinksNow() []*end {
	n.network.mu.Lock()
	defer n.network.mu.Unlock()
	return slices.Clone(n.uplinks)
}

// switchUplinks has the routes follow, once there are any.
func (n *node) switchUplinks(what string, ends []*end) {
	n.network.tb.Helper()
	n.network.mu.Lock()
	defer n.network.mu.Unlock()
	n.uplinks = ends
	if !n.network.up {
		return
	}
	if err := n.network.usable(); err != nil {
		n.network.fatal(what, err)
	}
	n.network.note(what)
	if err := n.rerouteUplink(); err != nil {
		n.network.fatal(what, fmt.Errorf("host %s: %w", n.name, err))
	}
}

// uplink returns the one that is used, or nil if all are down.
func (n *node) uplink() *end {
	for _, e := range n.uplinks {
		if !e.link.down {
			return e
		}
	}
	return nil
}

// uplinkRoutes are the routes of a host over its uplink, to the nearest router there.
func (g *graph) uplinkRoutes(from *node) map[netip.Prefix][]netip.Addr {
	e := from.uplink()
	if e == nil {
		return nil
	}
	var best *neighbour
	for _, next := range g.neighbours(e) {
		if next.node.kind == isRouter && (best == nil || next.cost < best.cost) {
			best = &next
		}
	}
	if best == nil {
		return nil
	}
	return g.defaults([]hop{{e, best.end}})
}
