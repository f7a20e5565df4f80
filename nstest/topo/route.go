// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"container/heap"
	"net/netip"
	"slices"
)

// How routes are found: from each node, Dijkstra's algorithm follows the links that are up
// through routers, there within one table. It keeps, for each table that it reaches, the next hops on all shortest
// paths: ends of the neighbours that the paths begin with. A node with one next hop for
// everything has a default route; the others have a route to each network.

// hop is the first step of a path: out of one end of a node, into one of a neighbour.
type hop struct{ from, to *end }

// neighbours returns the ends to which a node's end is joined by links that are up.
func (e *end) neighbours() []neighbour {
	var list []neighbour
	seen := map[*Link]bool{}
	var follow func(e *end, cost int)
	follow = func(e *end, cost int) {
		if e.link.down || seen[e.link] {
			return
		}
		seen[e.link] = true
		cost += e.cost()
		if e.far.node.kind != isSwitch {
			list = append(list, neighbour{e.far, cost})
			return
		}
		for _, other := range e.far.node.ends {
			if other != e.far {
				follow(other, cost)
			}
		}
	}
	follow(e, 0)
	return list
}

// A neighbour is reached without a router.
type neighbour struct {
	*end
	cost int
}

// routes finds the routes of a table: for each network, the addresses of the next hops.
func (g *graph) routes(from *table) map[netip.Prefix][]netip.Addr {
	if from.node.kind == isHost && from.node.config.dynamic {
		return nil // it has those that it is told of
	}
	if len(from.node.uplinks) > 0 && from.number == mainTable {
		return g.uplinkRoutes(from.node)
	}
	if router, plain := from.onlyRouter(); plain {
		return g.defaults(router)
	}
	hops := g.paths(from)
	if only, same := common(from, hops); same {
		return g.defaults(only)
	}
	routes := make(map[netip.Prefix][]netip.Addr)
	for _, s := range g.network.segments {
		via, here := g.nearest(from, s, hops)
		if here {
			continue // the kernel makes these
		}
		for _, subnet := range s.subnets {
			if gateways := g.gateways(via, subnet.Addr().Is4()); len(gateways) > 0 {
				routes[subnet] = gateways
			}
		}
	}
	return routes
}

// onlyRouter returns the step to the router that all packets of a host have to go to, if there is one. It is
// plain for most hosts of a large network, without looking for paths.
func (t *table) onlyRouter() (via []hop, plain bool) {
	if t.node.kind != isHost || t.node.external || len(t.ends) != 1 {
		return nil, false
	}
	for _, e := range t.ends[0].segment.routers {
		if e.link.down || len(via) > 0 {
			return nil, false
		}
		via = []hop{{t.ends[0], e}}
	}
	return via, !t.ends[0].link.down
}

// defaults returns routes to everywhere.
func (g *graph) defaults(via []hop) map[netip.Prefix][]netip.Addr {
	routes := make(map[netip.Prefix][]netip.Addr)
	for _, everywhere := range []netip.Prefix{
		netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0),
	} {
		if gateways := g.gateways(via, everywhere.Addr().Is4()); len(gateways) > 0 {
			routes[everywhere] = gateways
		}
	}
	return routes
}

// A graph is a network while its routes are found. It remembers what each end is joined to.
type graph struct {
	network *Network
	joined  map[*end][]neighbour
}

func (g *graph) neighbours(e *end) []neighbour {
	list, known := g.joined[e]
	if !known {
		list = e.neighbours()
		g.joined[e] = list
	}
	return list
}

// A path leads to a node, as far as one of its tables.
type path struct {
	to   *table
	cost int
	hops []hop
}

// paths returns the shortest paths to all that can be reached.
func (g *graph) paths(from *table) map[*table]*path {
	done := make(map[*table]*path)
	best := map[*table]*path{from: {to: from}}
	queue := &queue{best[from]}
	for queue.Len() > 0 {
		p := heap.Pop(queue).(*path)
		if done[p.to] != nil {
			continue
		}
		done[p.to] = p
		if p.to != from && p.to.node.kind != isRouter {
			continue
		}
		for _, e := range p.to.ends {
			for _, next := range g.neighbours(e) {
				g.extend(best, queue, p, e, next)
			}
		}
	}
	delete(done, from)
	return done
}

// extend is a step of Dijkstra's algorithm.
func (g *graph) extend(best map[*table]*path, queue *queue, p *path, e *end, next neighbour) {
	hops := p.hops
	if len(hops) == 0 {
		hops = []hop{{e, next.end}}
	}
	cost := p.cost + next.cost
	switch known := best[next.table]; {
	case known == nil || cost < known.cost:
		found := &path{to: next.table, cost: cost, hops: slices.Clone(hops)}
		best[next.table] = found
		heap.Push(queue, found)
	case cost == known.cost && g.network.config.ecmp:
		known.hops = union(known.hops, hops)
	}
}

// nearest returns the first steps to the segment's port that is the least far, and whether the table
// is in the segment itself, by a link that is up.
func (g *graph) nearest(from *table, s *segment, paths map[*table]*path) (via []hop, here bool) {
	var best *path
	for _, e := range s.ports {
		if e.link.down {
			continue
		}
		if e.table == from {
			return nil, true
		}
		p := paths[e.table]
		switch {
		case p == nil:
		case best == nil || p.cost < best.cost:
			best, via = p, p.hops
		case p.cost == best.cost && g.network.config.ecmp:
			via = union(via, p.hops)
		}
	}
	return via, false
}

func union(a, b []hop) []hop {
	all := slices.Clone(a)
	for _, h := range b {
		if !slices.Contains(all, h) {
			all = append(all, h)
		}
	}
	return all
}

// common returns the next hops if they are the same router for all that is not a neighbour itself.
func common(from *table, paths map[*table]*path) (via []hop, same bool) {
	if from.node.kind == isRouter || from.node.external {
		return nil, false // a packet to nowhere is to be refused, not to be sent on, or to go where it went before
	}
	for to, p := range paths {
		if len(p.hops) == 1 && p.hops[0].to.table == to && to.node.kind != isRouter {
			continue
		}
		if len(via) > 0 && !slices.Equal(via, p.hops) {
			return nil, false
		}
		via = p.hops
	}
	return via, len(via) > 0
}

// gateways returns the addresses of the next hops.
func (g *graph) gateways(via []hop, is4 bool) (list []netip.Addr) {
	for _, h := range via {
		for _, p := range h.to.addresses {
			if p.Addr().Is4() == is4 && h.from.reaches(p) {
				list = append(list, p.Addr())
				break
			}
		}
	}
	return list
}

// reachesAddr reports whether an address is in one of the end's networks.
func (e *end) reachesAddr(a netip.Addr) bool {
	return slices.ContainsFunc(e.addresses, func(own netip.Prefix) bool { return own.Contains(a) })
}

// reaches reports whether the end has an address in that network.
func (e *end) reaches(p netip.Prefix) bool {
	return slices.ContainsFunc(e.addresses, func(own netip.Prefix) bool { return own.Masked() == p.Masked() })
}

// A queue has the path that costs least in front.
type queue []*path

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].cost < q[j].cost }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(p any)        { *q = append(*q, p.(*path)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
