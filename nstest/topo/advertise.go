// SPDX-License-Identifier: Apache-2.0

package topo

// Advertise makes a router send router advertisements (RFC 4861) on all its links but the one on which it asks
// for addresses itself, see [Dynamic]: when a link comes up, every few seconds, and when a host solicits one.
// They name the router as a default router and the link's IPv6 networks. Hosts that are [Dynamic] form
// addresses in networks with a prefix of 64 bits (RFC 4862); other hosts ignore the advertisements.
func Advertise() NodeOption {
	return func(c *nodeConfig) {
		c.only("Advertise", isRouter)
		c.slaac = true
	}
}
