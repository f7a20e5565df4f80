// SPDX-License-Identifier: Apache-2.0

package rtnl

import (
	"net/netip"

	"github.com/vishvananda/netlink"
)

// A Hop is where packets of a route go next.
type Hop struct {
	Via   netip.Addr // the router; zero for what is on the link
	Link  int        // the index of the interface
	Flags int        // RTNH_F_* of linux/rtnetlink.h
}

// Types of routes that refuse packets (linux/rtnetlink.h, RTN_*).
const (
	blackhole   = 6
	unreachable = 7
	prohibit    = 8
)

// Hops are the ways of a route: several share the traffic.
func Hops(r netlink.Route) (hops []Hop) {
	for _, hop := range r.MultiPath {
		hops = append(hops, Hop{Addr(gateway(hop.Gw, hop.Via)), hop.LinkIndex, hop.Flags})
	}
	// The kernel has refused packets leave by lo.
	refuses := r.Type == blackhole || r.Type == unreachable || r.Type == prohibit
	if len(hops) == 0 && r.LinkIndex != 0 && !refuses {
		hops = []Hop{{Addr(gateway(r.Gw, r.Via)), r.LinkIndex, r.Flags}}
	}
	return hops
}
