// SPDX-License-Identifier: Apache-2.0

package link

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/vishvananda/netlink"
)

// Team makes a team interface, whose ports are attached by [Link.Attach]. teamd(8) tells
// it how to use them.
func Team(tb testing.TB, f *nstest.Fixture, opts ...Option) *Link {
	lifecycle.NeedTest(tb, "link.Team")
	tb.Helper()
	return New(tb, f, &netlink.GenericLink{LinkType: "team"}, opts...)
}
