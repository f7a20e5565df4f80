// SPDX-License-Identifier: Apache-2.0

package link

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/vishvananda/netlink"
)

// Macvlan makes an interface with a hardware address of its own on top of parent, for instance in another
// fixture, see [In]. Macvlans on one parent reach each other (bridge mode). For another mode, use [New] with a
// [netlink.Macvlan].
func Macvlan(tb testing.TB, parent *Link, opts ...Option) *Link {
	lifecycle.NeedTest(tb, "link.Macvlan")
	tb.Helper()
	return newOn(tb, parent, &netlink.Macvlan{Mode: netlink.MACVLAN_MODE_BRIDGE}, opts)
}

// Macvtap makes a [Macvlan] whose frames a program reads and writes through a character
// device, /dev/tap and the link's index, as virtual machines do.
func Macvtap(tb testing.TB, parent *Link, opts ...Option) *Link {
	lifecycle.NeedTest(tb, "link.Macvtap")
	tb.Helper()
	return newOn(tb, parent, &netlink.Macvtap{Macvlan: netlink.Macvlan{Mode: netlink.MACVLAN_MODE_BRIDGE}}, opts)
}
