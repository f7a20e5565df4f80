// SPDX-License-Identifier: Apache-2.0

package link

import (
	"net/netip"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/vishvananda/netlink"
)

// Geneve makes a tunnel for Ethernet frames to remote, with the network number vni (RFC 8926).
func Geneve(tb testing.TB, f *nstest.Fixture, vni uint32, remote netip.Addr, opts ...Option) *Link {
	lifecycle.NeedTest(tb, "link.Geneve")
	tb.Helper()
	return New(tb, f, &netlink.Geneve{ID: vni, Remote: remote.AsSlice()}, opts...)
}
