// SPDX-License-Identifier: Apache-2.0

package rtnl_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
)

func TestAFallbackTunnelIsOneAsLongAsNobodyUsesIt(t *testing.T) {
	const up = 0x1
	for _, c := range []struct {
		name, kind string
		flags      uint32
		want       bool
	}{
		{name: "gre0", kind: "gre", want: true},
		{name: "gre0", kind: "gre", flags: up},
		{name: "gre0", kind: "veth"}, // a test's own
		{name: "gre1", kind: "gre"},
		{name: "eth0", kind: ""},
	} {
		if got := rtnl.UnusedFallback(c.name, c.kind, c.flags); got != c.want {
			t.Errorf("%s of kind %q, flags %#x: %v", c.name, c.kind, c.flags, got)
		}
	}
}
