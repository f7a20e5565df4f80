// SPDX-License-Identifier: Apache-2.0

package link

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/vishvananda/netlink"
)

// Ipvlan makes an interface that shares the hardware address of parent and has IP
// addresses of its own (mode l2), for instance in another fixture, see [In].
func Ipvlan(tb testing.TB, parent *Link, opts ...Option) *Link {
	lifecycle.NeedTest(tb, "link.Ipvlan")
	tb.Helper()
	return newOn(tb, parent, &netlink.IPVlan{Mode: netlink.IPVLAN_MODE_L2}, opts)
}
