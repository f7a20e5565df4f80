// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair/impairtest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// quietLine is a link between two hosts that send nothing by themselves.
func quietLine(t *testing.T) (*topo.Link, impairtest.Line) {
	n := topo.New(t)
	a, b := n.Host("a"), n.Host("b")
	for _, h := range []*topo.Host{a, b} {
		h.SetSysctl("net.ipv6.conf.all.disable_ipv6", "1")
		h.SetSysctl("net.ipv6.conf.default.disable_ipv6", "1")
	}
	l := n.Link(a, b, topo.Subnet("192.0.2.0/24"))
	n.Up()
	return l, impairtest.Line{
		A: impairtest.Host{Set: a.Set(), Address: a.Addr4(), Interface: "eth0"},
		B: impairtest.Host{Set: b.Set(), Address: b.Addr4(), Interface: "eth0"},
	}
}

func TestNetemConforms(t *testing.T) {
	nstest.Require(t, "netem")
	impairtest.Conform(t, func(t *testing.T) impairtest.Line {
		l, line := quietLine(t)
		line.Impairer = topo.Netem(l)
		if err := line.Impairer.Set(impair.AToB, impair.Rules{}, 1); err != nil {
			t.Fatal(err)
		}
		seeded, err := topo.NetemSeeded(l)
		if err != nil {
			t.Fatal(err)
		}
		line.Seeded = seeded
		return line
	})
}
