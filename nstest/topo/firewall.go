// SPDX-License-Identifier: Apache-2.0

package topo

// CorporateFirewall makes a router what offices have: hosts inside make connections of TCP to ports 443, 80 and 53 outside
// and ask UDP port 53, and that is all. What else they send outside vanishes, ICMP, QUIC and SSH for instance,
// and so does what outside sends unasked. That holds for IPv4 and IPv6. Errors that
// belong to a connection pass.
//
// It may stand beside a preset that translates addresses. The link that leads outside is
// marked by [Outside].
func CorporateFirewall() NodeOption {
	return func(c *nodeConfig) {
		c.preset("corporate firewall")
		c.firewall = true
	}
}

// Public makes a router what it is without a preset: it forwards all packets as they are. It is for tests that go
// through several presets.
func Public() NodeOption {
	return func(c *nodeConfig) { c.preset("public") }
}
