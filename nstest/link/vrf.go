// SPDX-License-Identifier: Apache-2.0

package link

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/vishvananda/netlink"
)

// Vrf makes a virtual router: its ports, attached by [Link.Attach], have the routes of
// that routing table instead of the main one, see ip-vrf(8).
func Vrf(tb testing.TB, f *nstest.Fixture, table uint32, opts ...Option) *Link {
	lifecycle.NeedTest(tb, "link.Vrf")
	tb.Helper()
	return New(tb, f, &netlink.Vrf{Table: table}, opts...)
}
