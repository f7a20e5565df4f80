// SPDX-License-Identifier: Apache-2.0

package topo

// Sysctl changes a setting of the kernel in a node's namespaces when the node is made, before it has links; see
// [nstest.Fixture.SetSysctl]. The settings below net.ipv4.conf.default and net.ipv6.conf.default apply to all
// links that the node gets.
//
//	n.Host("host", topo.Sysctl("net.ipv4.tcp_congestion_control", "reno"))
func Sysctl(name, value string) NodeOption {
	return func(c *nodeConfig) { c.sysctls = append(c.sysctls, [2]string{name, value}) }
}
