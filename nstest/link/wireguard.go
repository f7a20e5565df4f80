// SPDX-License-Identifier: Apache-2.0

package link

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/vishvananda/netlink"
)

// Wireguard makes a WireGuard interface, without a key or peers: wg(8) or package
// golang.zx2c4.com/wireguard/wgctrl sets them.
func Wireguard(tb testing.TB, f *nstest.Fixture, opts ...Option) *Link {
	lifecycle.NeedTest(tb, "link.Wireguard")
	tb.Helper()
	return New(tb, f, &netlink.Wireguard{}, opts...)
}
