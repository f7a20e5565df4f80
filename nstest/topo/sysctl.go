// SPDX-License-Identifier: Apache-2.0

package topo

// Sysctl sets a setting of the kernel in a node's namespaces when it is made, before it has links, as
// [nstest.Fixture.SetSysctl] does at any time. The settings net.ipv4.conf.default and net.ipv6.conf.default are those of all
// links to be.
//
//	n.Host("host", topo.Sysctl("net.ipv4.tcp_congestion_control", "reno"))
func Sysctl(name, value string) NodeOption {
	return func(c *nodeConfig) { c.sysctls = append(c.sysctls, [2]string{name, value}) }
}
