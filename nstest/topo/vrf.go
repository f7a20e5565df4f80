// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// VRF puts the interface of one of the link's nodes into a VRF of that node, which is made if it is not there: a routing table
// of its own, and an interface of that name (ip-vrf(8)). Routes lead from a link in a VRF only to other links in it, and
// networks of different VRFs may have the same addresses:
//
//	for _, name := range []string{"blue", "red"} {
//		n.Link(n.Host(name+"-client"), r, topo.VRF(r, name), topo.Subnet("192.0.2.0/24"))
//		n.Link(r, n.Host(name+"-server"), topo.VRF(r, name), topo.Subnet("198.51.100.0/24"))
//	}
//
// Sockets of the node itself are in no VRF, unless they are bound to it: [Host.VRF] makes such sockets, and programs have options
// for it, such as ping -I blue and curl --interface blue. 'ip vrf exec' takes a BPF program, for which the kernel demands
// privileges on the whole machine. Partitions go by addresses, and take nodes with the same ones for each other.
//
// Where the kernel has no VRFs the test is skipped, see [nstest.RequireFeatures]. Nodes with a preset, that ask for addresses, or
// that give them, can have none.
func VRF(of Node, name string) LinkOption {
	return linkOption(func(c *linkConfig) {
		to, err := nodeOf(of)
		if err != nil {
			c.err = errors.Join(c.err, fmt.Errorf("topo.VRF: %w", err))
			return
		}
		if c.vrfs == nil {
			c.vrfs = make(map[*node]string)
		}
		if before := c.vrfs[to]; before != "" && before != name {
			c.err = errors.Join(c.err, fmt.Errorf("topo.VRF: %s is to be in %s and in %s", to.name, before, name))
		}
		c.vrfs[to] = name
		c.err = errors.Join(c.err, checkVRF(name))
	})
}

// checkVRF makes sure that an interface can have the name, and that no other one is likely to.
func checkVRF(name string) error {
	const most = 15 // linux/if.h, IFNAMSIZ
	err := checkHostName(name)
	if err == nil && len(name) > most {
		err = fmt.Errorf("the name of an interface has %d letters at most", most)
	}
	if err == nil && (strings.HasPrefix(name, "eth") || slices.Contains([]string{"lo", "all", "default", bridgeName}, name)) {
		err = errors.New("other interfaces are called like that")
	}
	if err != nil {
		return fmt.Errorf("topo.VRF(%q): %w", name, err)
	}
	return nil
}

// checkVRFs makes sure that the nodes can have the VRFs that the link's options put them into.
func (l *Link) checkVRFs() error {
	var errs []error
	for _, node := range sortedByName(l.config.vrfs) {
		c := &node.config
		switch {
		case node != l.ends[0].node && node != l.ends[1].node:
			errs = append(errs, fmt.Errorf("topo.VRF: %s is not one of the link's nodes", node.name))
		case node.kind == isSwitch:
			errs = append(errs, fmt.Errorf("topo.VRF: the switch %s has no routes", node.name))
		case node.external:
			errs = append(errs, fmt.Errorf("topo.VRF: %s is an external host, whose fixture keeps all that it has", node.name))
		case len(c.presets) > 0 || c.dynamic || c.slaac || c.dhcp4 || c.dhcp6:
			errs = append(errs, fmt.Errorf("topo.VRF: the %v %s has other options, and a node with presets, or that asks for addresses or gives them, can have no VRF",
				node.kind, node.name))
		}
	}
	return errors.Join(errs...)
}

// needVRFs ends the test where the kernel has none.
func (l *Link) needVRFs() {
	l.network.tb.Helper()
	if len(l.config.vrfs) > 0 {
		nstest.RequireFeatures(l.network.tb, "vrf")
	}
}

func sortedByName[V any](of map[*node]V) []*node {
	list := make([]*node, 0, len(of))
	for node := range of {
		list = append(list, node)
	}
	slices.SortFunc(list, func(a, b *node) int { return cmp.Compare(a.name, b.name) })
	return list
}

// apart reports whether packets of one segment never get to the other, since VRFs are between them.
func (n *Network) apart(a, b *segment) bool {
	if !slices.ContainsFunc(n.tables(), func(t *table) bool { return t.name != "" }) {
		return false
	}
	seen := map[*segment]bool{a: true}
	for next := []*segment{a}; len(next) > 0; next = next[1:] {
		for _, port := range next[0].ports {
			for _, e := range port.table.ends {
				if !seen[e.segment] {
					seen[e.segment] = true
					next = append(next, e.segment)
				}
			}
		}
	}
	return !seen[b]
}
