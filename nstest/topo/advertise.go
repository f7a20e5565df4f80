// SPDX-License-Identifier: Apache-2.0

package topo

// Advertise has a router send router advertisements (RFC 4861) on all its links but the one on which it
// asks for addresses itself, see [Dynamic]: when a link comes up, every few seconds, and to whoever solicits one. They name
// the router as a default router and the link's IPv6 networks. Hosts that are [Dynamic] make themselves addresses
// in those of 64 bits (RFC 4862); other hosts pay no attention to them.
func Advertise() NodeOption {
	return func(c *nodeConfig) {
		c.only("Advertise", isRouter)
		c.slaac = true
	}
}
