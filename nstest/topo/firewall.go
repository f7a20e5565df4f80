// SPDX-License-Identifier: Apache-2.0

package topo

// CorporateFirewall makes a router a firewall as in offices. Hosts inside can make TCP connections to ports
// 443, 80 and 53 outside, and send to UDP port 53. All other packets that they send outside are dropped, such
// as ICMP, QUIC and SSH, and so are packets from outside that nobody inside has asked for. That holds for IPv4
// and IPv6. Errors that belong to a connection pass.
//
// It can be combined with a preset that translates addresses. The link that leads outside is marked by
// [Outside].
func CorporateFirewall() NodeOption {
	return func(c *nodeConfig) {
		c.preset("corporate firewall")
		c.firewall = true
	}
}

// Public is a router without a preset: it forwards all packets as they are. It is for tests that run with one
// preset after the other.
func Public() NodeOption {
	return func(c *nodeConfig) { c.preset("public") }
}
