// SPDX-License-Identifier: Apache-2.0

package link

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/vishvananda/netlink"
)

// Ifb makes an intermediate functional block, to which tc-mirred(8) sends what comes in
// over another link, so that it can be queued.
func Ifb(tb testing.TB, f *nstest.Fixture, opts ...Option) *Link {
	lifecycle.NeedTest(tb, "link.Ifb")
	tb.Helper()
	return New(tb, f, &netlink.Ifb{}, opts...)
}
