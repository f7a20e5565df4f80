// SPDX-License-Identifier: Apache-2.0

package link

import (
	"net/netip"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/vishvananda/netlink"
)

// Gre makes a tunnel for IP packets from local to remote (RFC 2784), both IPv4 or both
// IPv6.
func Gre(tb testing.TB, f *nstest.Fixture, local, remote netip.Addr, opts ...Option) *Link {
	lifecycle.NeedTest(tb, "link.Gre")
	tb.Helper()
	return New(tb, f, &netlink.Gretun{Local: local.AsSlice(), Remote: remote.AsSlice()}, opts...)
}
