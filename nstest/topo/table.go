// SPDX-License-Identifier: Apache-2.0

package topo

import "net/netip"

// A table is a routing table of a node, with the ends whose packets go by it: the main one, which each node has, or that of a
// VRF. Packets do not get from one table to another.
type table struct {
	node   *node
	name   string // of the VRF, "" for the main one
	number int    // in the kernel
	index  int    // of the VRF's interface
	ends   []*end
	routes map[netip.Prefix][]netip.Addr // those that were set last
}

// tables returns those of all hosts and routers.
func (n *Network) tables() (all []*table) {
	for _, node := range n.nodes {
		if node.kind != isSwitch {
			all = append(all, node.tables...)
		}
	}
	return all
}

// mainTable is the number of the main table (linux/rtnetlink.h, RT_TABLE_MAIN).
const mainTable = 254

// table returns the node's table of that name, which is made if there is none.
func (n *node) table(name string) *table {
	for _, t := range n.tables {
		if t.name == name {
			return t
		}
	}
	t := &table{node: n, name: name, number: mainTable}
	if name != "" {
		t.number = len(n.tables)
		t.index = firstVRF + t.number
	}
	n.tables = append(n.tables, t)
	return t
}

// firstVRF is the index before that of a node's first VRF, after those of all its ends.
const firstVRF = 1 << 20
