// SPDX-License-Identifier: Apache-2.0

package link

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/vishvananda/netlink"
)

// Vlan makes an interface whose frames have an IEEE 802.1Q tag with that number, 1 to
// 4094, on parent.
func Vlan(tb testing.TB, parent *Link, id int, opts ...Option) *Link {
	lifecycle.NeedTest(tb, "link.Vlan")
	tb.Helper()
	if id < 1 || id > 4094 {
		tb.Fatalf("link: VLAN %d on %s: the number must be 1 to 4094", id, parent.name)
	}
	return newOn(tb, parent, &netlink.Vlan{VlanId: id}, opts)
}
