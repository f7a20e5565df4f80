// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"net/netip"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
)

// rerouteUplink sets the routes of a host whose uplinks have changed. The network's lock is held.
func (n *node) rerouteUplink() error {
	if n.config.dynamic {
		return n.preferUplink()
	}
	t := n.table("")
	before := t.routes
	t.routes = (&graph{network: n.network, joined: make(map[*end][]neighbour)}).routes(t)
	return n.conn.Do(t.requests(before)...)
}

// followUplink is for when links have gone up or down.
func (n *node) followUplink() error {
	if !n.config.dynamic {
		return nil
	}
	return n.preferUplink()
}

// uplinkMetric is less than that of any route that DHCP or a router advertisement brings about.
const uplinkMetric = 50

// preferUplink has the routers that a host was told of on one link count before those of others.
func (n *node) preferUplink() error {
	if len(n.uplinks) == 0 {
		return nil
	}
	gateways := make(map[Family]netip.Addr)
	e := n.uplink()
	if e != nil {
		if routers := e.lease4.routers; len(routers) > 0 {
			gateways[IPv4] = routers[0]
		}
		router, err := n.conn.DefaultRouter(e.index)
		if err != nil {
			return err
		}
		if router.IsValid() {
			gateways[IPv6] = router
		}
	}
	var requests []rtnl.Request
	for _, f := range []Family{IPv4, IPv6} {
		if gateway, has := gateways[f]; has {
			requests = append(requests, rtnl.SetLeasedRoute(everywhere(f), gateway, e.index, uplinkMetric))
		} else if n.preferred[f] != nil && !n.preferred[f].link.down { // with a link that is down it is gone
			requests = append(requests, rtnl.DelLeasedRoute(everywhere(f), n.preferred[f].index, uplinkMetric))
		}
	}
	n.preferred = make(map[Family]*end)
	for f := range gateways {
		n.preferred[f] = e
	}
	return n.conn.Do(requests...)
}
