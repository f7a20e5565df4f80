// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/vishvananda/netlink"
)

// present lists the networks of the node's addresses and routes.
func (n *node) present() (list []netip.Prefix, err error) {
	addresses, err := n.links.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return nil, fmt.Errorf("list the addresses of %s: %w", n.name, err)
	}
	for _, a := range addresses {
		list = append(list, rtnl.Prefix(a.IPNet).Masked())
	}
	routes, err := n.links.RouteList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return nil, fmt.Errorf("list the routes of %s: %w", n.name, err)
	}
	for _, r := range routes {
		if p := rtnl.Prefix(r.Dst); p.IsValid() && p.Bits() > 0 {
			list = append(list, p)
		}
	}
	return list, nil
}

// chooseNames gives the node's ends names and numbers that its fixture has not.
func (n *node) chooseNames() error {
	links, err := n.links.LinkList()
	if err != nil {
		return fmt.Errorf("list its interfaces: %w", err)
	}
	names, indexes := make(map[string]bool), make(map[int]bool)
	for _, l := range links {
		names[l.Attrs().Name], indexes[l.Attrs().Index] = true, true
	}
	number, index := 0, firstIndex
	for _, e := range n.ends {
		for ; names[fmt.Sprintf("eth%d", number)]; number++ {
		}
		for ; indexes[index]; index++ {
		}
		e.name, e.index = fmt.Sprintf("eth%d", number), index
		number, index = number+1, index+1
	}
	return nil
}

// release undoes what the network has done to fixtures that are not its own.
func (n *Network) release() error {
	var errs []error
	for _, node := range n.nodes {
		if !node.external || node.conn == nil {
			continue
		}
		if node.divided {
			errs = append(errs, node.divide(nil, nil))
		}
		for _, e := range node.ends {
			if err := node.conn.Do(rtnl.DelLink(e.name, e.index)); !errors.Is(err, syscall.ENODEV) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
