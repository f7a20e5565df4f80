// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
)

// How nodes are kept apart:
//
//  1. Each node drops, at its input, what comes from an address of a stranger: a node that it cannot
//     talk to. That is what works on one switch, too.
//  2. A node with several links drops, where it forwards, what goes from one group to another. That
//     is where the addresses are those of the two ends also if a router between them translates
//     addresses: after those of the destination, before those of the source.
//  3. Both are in a table of this package's own, which one transaction replaces.
//
// They drop at input, not at prerouting: there it is known that a packet is for this node.

// A view is how one group sees the network.
type view struct {
	isolated bool
	own      []netip.Addr // of the group
	strange  []netip.Addr // of strangers
}

// atOnce is for how many nodes tables are replaced at a time. The kernel spends some milliseconds on
// each, in which it only waits for readers of the old one (Linux 6.18).
const atOnce = 32

// divide has all nodes go by a division, and is called with the lock held.
func (n *Network) divide(next division) error {
	addresses := make(map[*node][]netip.Addr)
	views := make(map[*node]*view)
	var grouped []*view
	if !next.none() {
		if err := n.collect(addresses); err != nil {
			return err
		}
		views, grouped = next.views(n.nodes, addresses)
	}
	n.division = next
	return errors.Join(n.eachOf(n.nodes, atOnce, func(node *node) error {
		if views[node] == nil && !node.divided {
			return nil
		}
		err := node.divide(views[node], grouped)
		node.divided = err == nil && views[node] != nil
		return err
	}), n.reassign())
}

// collect finds the addresses that nodes have now: a test may have added some, and IPv6 ones are
// gone from links that are down.
func (n *Network) collect(addresses map[*node][]netip.Addr) error {
	found := make([][]netip.Addr, len(n.nodes))
	at := make(map[*node]int)
	for i, node := range n.nodes {
		at[node] = i
	}
	err := n.each(n.nodes, func(node *node) (err error) {
		list := node.addrs()
		if node.kind != isSwitch {
			list, err = inside.Get(node.fixture.Set(), func() ([]netip.Addr, error) { return appendAddresses(list) })
		}
		if n.has64() {
			list = append(list, allIn64(list)...)
		}
		found[at[node]] = list
		return err
	})
	for node, i := range at {
		slices.SortFunc(found[i], netip.Addr.Compare)
		addresses[node] = slices.Compact(found[i])
	}
	return err
}

// appendAddresses appends those of the thread's network namespace.
func appendAddresses(list []netip.Addr) ([]netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLoopback() {
			if address, ok := netip.AddrFromSlice(ip.IP); ok {
				list = append(list, address.Unmap())
			}
		}
	}
	return list, nil
}

// views returns how each node sees the network, but for those that nothing is kept from, and the
// views of the groups.
func (d division) views(nodes []*node, addresses map[*node][]netip.Addr) (of map[*node]*view, grouped []*view) {
	of = make(map[*node]*view)
	isolated, everybody := make(addressSet), make(addressSet)
	for _, node := range d.isolated {
		of[node] = &view{isolated: true, own: addresses[node]}
		isolated.add(addresses[node])
	}
	maps.Copy(everybody, isolated)
	for _, group := range d.groups {
		v := new(view)
		for _, node := range group {
			if of[node] == nil {
				of[node] = v
				v.own = append(v.own, addresses[node]...)
			}
		}
		everybody.add(v.own)
		grouped = append(grouped, v)
	}
	for _, v := range grouped {
		v.strange = everybody.without(v.own) // nor a friend's: routers like fe80::1
	}
	others := &view{strange: isolated.without(nil)}
	for _, node := range nodes {
		if of[node] == nil && node.kind != isSwitch && (len(others.strange) > 0 || node.forwards()) {
			of[node] = others
		}
	}
	for _, node := range d.isolated {
		grouped = append(grouped, of[node])
	}
	return of, grouped
}

type addressSet map[netip.Addr]bool

func (s addressSet) add(list []netip.Addr) {
	for _, a := range list {
		s[a] = true
	}
}

// without lists the addresses that are not among others, sorted.
func (s addressSet) without(others []netip.Addr) []netip.Addr {
	rest := maps.Clone(s)
	for _, a := range others {
		delete(rest, a)
	}
	return slices.SortedFunc(maps.Keys(rest), netip.Addr.Compare)
}

// forwards reports whether packets of others can come through.
func (n *node) forwards() bool { return n.kind == isRouter || n.kind == isHost && len(n.ends) > 1 }

// divide replaces the node's rules, by none if there is no view.
func (n *node) divide(v *view, grouped []*view) (err error) {
	conn, err := n.dialNftables(nftables.WithSockOptions(roomForSets))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.CloseLasting()) }()
	r := &rules{conn: conn, table: conn.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: tableName})}
	conn.DelTable(r.table) // which there is, since the line before
	if v != nil {
		conn.AddTable(r.table)
		r.input(v)
		if n.forwards() {
			r.forward(grouped)
		}
	}
	if err := errors.Join(append(r.errs, conn.Flush())...); err != nil {
		return fmt.Errorf("nftables: replace table %s: %w", tableName, err)
	}
	return nil
}
