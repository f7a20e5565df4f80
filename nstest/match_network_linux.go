// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"net"

	"github.com/vishvananda/netlink"
)

// interrupted tells that a list may be incomplete.
func interrupted(err error) bool { return errors.Is(err, netlink.ErrDumpInterrupted) }

// gatewayOf returns nil where there is none. The gateway of an IPv4 route may have
// an IPv6 address (RTA_VIA, RFC 5549).
func gatewayOf(hop *netlink.NexthopInfo) net.IP {
	if via, ok := hop.Via.(*netlink.Via); ok {
		return via.Addr
	}
	return hop.Gw
}
