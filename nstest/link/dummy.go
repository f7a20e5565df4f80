// SPDX-License-Identifier: Apache-2.0

package link

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/vishvananda/netlink"
)

// Dummy makes an interface that drops what is sent over it. It is for addresses and
// routes that lead nowhere.
func Dummy(tb testing.TB, f *nstest.Fixture, opts ...Option) *Link {
	lifecycle.NeedTest(tb, "link.Dummy")
	tb.Helper()
	return New(tb, f, &netlink.Dummy{}, opts...)
}
