// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"net/netip"
	"os"
	"slices"

	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// machineHasIPv6 reports whether the kernel has IPv6. Some are started without it (ipv6.disable=1).
func machineHasIPv6() bool {
	if _, err := os.Stat("/proc/self/net/if_inet6"); err == nil {
		return true
	}
	return probe.Named("ipv6").OK != probe.No
}

// goWithoutIPv6 leaves IPv6 out where the machine has none. A test that asks for it is skipped there.
func (n *Network) goWithoutIPv6() {
	n.tb.Helper()
	if machineHasIPv6() {
		return
	}
	n.config.noIPv6 = true
	if slices.ContainsFunc(n.links, (*Link).wantsIPv6) || slices.ContainsFunc(n.nodes, (*node).wantsIPv6) {
		nstest.RequireFeatures(n.tb, "ipv6")
	}
}

func (l *Link) wantsIPv6() bool {
	return slices.ContainsFunc(l.config.subnets, func(p netip.Prefix) bool { return p.Addr().Is6() })
}

func (n *node) wantsIPv6() bool {
	return n.config.slaac || n.config.dhcp6 || n.config.nat != nil && n.config.nat.six
}
