// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// DHCP4 makes a host or a router the DHCPv4 server (RFC 2131) of all its links but those on which it asks for
// addresses itself, see [Dynamic]. It leases addresses of the link's IPv4 network, for an hour or
// [LeaseTime], to nodes of the network and to programs that ask, and names the routers at the link.
func DHCP4() NodeOption {
	return func(c *nodeConfig) {
		c.only("DHCP4", isHost, isRouter)
		c.dhcp4 = true
	}
}

// A lease4 is what a DHCPv4 server has given to an end.
type lease4 struct {
	address netip.Prefix
	routers []netip.Addr
	term    term
	ack     *dhcpv4.DHCPv4 // the message that has it
}
