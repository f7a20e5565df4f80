// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// A division says who cannot talk to whom.
type division struct {
	groups   [][]*node
	isolated []*node
}

func (d division) none() bool { return len(d.groups)+len(d.isolated) == 0 }

// Partition drops all packets between nodes of different groups, of IPv4 and IPv6, on any path, even within one
// switch. The nodes are not told: no connection is refused, and no route changes. Nodes in no group still reach
// all others, and routers still forward the packets of others. The groups replace those of an earlier call.
// [Network.Heal] ends the partition.
//
//	n.Partition([]topo.Node{a, b}, []topo.Node{c, d, e})
//
// The nodes are known by the addresses that they have at the time of the call. ARP and IPv6 neighbour discovery
// pass, since a router answers them for others. Where the kernel has no nftables the test is skipped, see
// [nstest.Require].
func (n *Network) Partition(groups ...[]Node) {
	n.test().Helper()
	what := "partition"
	for _, group := range groups {
		what += " " + namesOf(group)
	}
	made, err := n.groups(groups)
	n.change(what, err, func(d *division) { d.groups = made })
}

// Isolate drops all packets between these nodes and all others, and between these nodes themselves, as
// [Network.Partition] does. What is cut off already stays so.
func (n *Network) Isolate(nodes ...Node) {
	n.test().Helper()
	made, err := n.group(nodes)
	n.change("isolate "+namesOf(nodes), err, func(d *division) {
		for _, node := range made {
			if !slices.Contains(d.isolated, node) {
				d.isolated = append(d.isolated, node)
			}
		}
	})
}

// Heal ends what [Network.Partition] and [Network.Isolate] have done. Links that are down
// stay so.
func (n *Network) Heal() {
	n.test().Helper()
	n.change("heal", nil, func(d *division) { *d = division{} })
}

// change has the nodes follow another division.
func (n *Network) change(what string, err error, f func(*division)) {
	n.tb.Helper()
	if err == nil && n.isUp() {
		nstest.RequireFeatures(n.tb, "nftables")
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err == nil {
		err = n.usable()
	}
	if err != nil {
		n.fatal(what, err)
	}
	next := division{groups: n.division.groups, isolated: slices.Clone(n.division.isolated)}
	f(&next)
	n.note(what)
	if err := n.divide(next); err != nil {
		n.fatal(what, err)
	}
}

func (n *Network) groups(groups [][]Node) (made [][]*node, err error) {
	if len(groups) < 2 {
		return nil, errors.New("it takes two groups or more: Heal ends a partition")
	}
	var errs []error
	seen := make(map[*node]bool)
	for _, nodes := range groups {
		group, err := n.group(nodes)
		errs = append(errs, err)
		for _, node := range group {
			if seen[node] {
				errs = append(errs, fmt.Errorf("%s is in two groups", node.name))
			}
			seen[node] = true
		}
		made = append(made, group)
	}
	return made, errors.Join(errs...)
}

func (n *Network) group(nodes []Node) (group []*node, err error) {
	if len(nodes) == 0 {
		return nil, errors.New("there is no node in a group")
	}
	var errs []error
	for _, of := range nodes {
		switch node, err := nodeOf(of); {
		case err != nil:
			errs = append(errs, err)
		case node.network != n:
			errs = append(errs, fmt.Errorf("%s is a node of another network", node.name))
		case node.kind == isSwitch:
			errs = append(errs, fmt.Errorf("%s is a switch, which sends nothing itself: name the nodes at it, or cut its links by Link.Down", node.name))
		case slices.Contains(group, node):
			errs = append(errs, fmt.Errorf("%s is named twice", node.name))
		default:
			group = append(group, node)
		}
	}
	return group, errors.Join(errs...)
}

// namesOf is short for many nodes.
func namesOf(nodes []Node) string {
	const most = 8
	var names []string
	for _, of := range nodes[:min(most, len(nodes))] {
		name := "<nil>"
		if node, err := nodeOf(of); err == nil {
			name = node.name
		}
		names = append(names, name)
	}
	if len(nodes) > most {
		names = append(names, fmt.Sprintf("and %d more", len(nodes)-most))
	}
	return "[" + strings.Join(names, " ") + "]"
}
