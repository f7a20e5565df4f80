// SPDX-License-Identifier: Apache-2.0

package link

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/vishvananda/netlink"
)

// Bridge makes a switch, see bridge in ip-link(8). Its ports are attached by
// [Link.Attach], or made with the option [Master].
func Bridge(tb testing.TB, f *nstest.Fixture, opts ...Option) *Link {
	lifecycle.NeedTest(tb, "link.Bridge")
	tb.Helper()
	return New(tb, f, &netlink.Bridge{}, opts...)
}
