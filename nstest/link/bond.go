// SPDX-License-Identifier: Apache-2.0

package link

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/vishvananda/netlink"
)

// Bond makes an interface over several ports, of which one is in use at a time (active-backup) and the next one
// if the kernel sees that the first has no carrier. The ports are attached by [Link.Attach]. For another mode,
// use [New] with a [netlink.Bond].
func Bond(tb testing.TB, f *nstest.Fixture, opts ...Option) *Link {
	lifecycle.NeedTest(tb, "link.Bond")
	tb.Helper()
	bond := netlink.NewLinkBond(netlink.NewLinkAttrs())
	bond.Mode = netlink.BOND_MODE_ACTIVE_BACKUP
	bond.Miimon = 100 // milliseconds between looks for the carrier; 0 would be never
	return New(tb, f, bond, opts...)
}
