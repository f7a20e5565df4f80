// SPDX-License-Identifier: Apache-2.0

package link

import (
	"net/netip"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/vishvananda/netlink"
)

// Vxlan makes a tunnel over parent for Ethernet frames, with the VXLAN network number vni
// (RFC 7348) and the port 4789. remote is the address of the other end, or a multicast
// group that all ends are in.
func Vxlan(tb testing.TB, parent *Link, vni int, remote netip.Addr, opts ...Option) *Link {
	lifecycle.NeedTest(tb, "link.Vxlan")
	tb.Helper()
	return New(tb, parent.fixture, &netlink.Vxlan{
		VxlanId: vni, VtepDevIndex: parent.index, Group: remote.AsSlice(), Port: 4789, Learning: true,
	}, opts...)
}
