// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// routerPresets are what the options of a router say that it is.
type routerPresets struct {
	presets  []string // what they are called
	nat      *nat
	firewall bool
	portal   *portal
}

// preset adds what a router is besides: it has a name in pictures, and an outside.
func (c *nodeConfig) preset(name string) {
	c.only(name, isRouter)
	c.presets = append(c.presets, name)
}

// divides reports whether the router has an inside and an outside.
func (p routerPresets) divides() bool { return p.nat != nil || p.firewall || p.portal != nil }

// Outside marks a link of a router as one that leads outside. It is for routers with [HomeNAT] or another
// preset, which protect the hosts inside: those at the router's other links. A router with a preset needs such
// a link, and may have several.
func Outside(of Node) LinkOption {
	return linkOption(func(c *linkConfig) {
		node, err := nodeOf(of)
		if err != nil {
			c.err = errors.Join(c.err, fmt.Errorf("topo.Outside: %w", err))
			return
		}
		c.outside = append(c.outside, node)
	})
}

// checkOutside makes sure that the link leads outside for its own routers.
func (l *Link) checkOutside() error {
	for _, of := range l.config.outside {
		switch {
		case of != l.ends[0].node && of != l.ends[1].node:
			return fmt.Errorf("it is to lead outside for %s, which is not one of its nodes", of.name)
		case of.kind != isRouter:
			return fmt.Errorf("it is to lead outside for %s, which is a %v: only a router has an outside", of.name, of.kind)
		}
	}
	return nil
}

// outside reports whether the link leads outside, as seen from this end.
func (e *end) outside() bool { return slices.Contains(e.link.config.outside, e.node) }

// checkPresets makes sure that each router with a preset has an outside.
func (n *Network) checkPresets() error {
	var errs []error
	for _, node := range n.nodes {
		if node.config.divides() && !slices.ContainsFunc(node.ends, (*end).outside) {
			errs = append(errs, fmt.Errorf("router %s is a %s, and no link leads outside: give one the option topo.Outside(%[1]s)",
				node.name, node.what()))
		}
	}
	return errors.Join(errs...)
}

// what says what the node is, in pictures and errors.
func (n *node) what() string {
	notes := n.notes()
	if len(n.config.presets) == 0 {
		notes = append([]string{n.kind.String()}, notes...)
	}
	return strings.Join(notes, ", ")
}

// notes are what is special about the node: its presets, and its region.
func (n *node) notes() []string {
	notes := slices.Clone(n.config.presets)
	if n.region != nil {
		notes = append(notes, "in "+n.region.name)
	}
	return notes
}
