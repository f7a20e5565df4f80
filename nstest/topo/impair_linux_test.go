// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair/impairtest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// quietLine is a link between two hosts that send nothing by themselves.
func quietLine(t *testing.T, opts ...topo.Option) (*topo.Link, impairtest.Line) {
	n := topo.New(t, opts...)
	a, b := n.Host("a"), n.Host("b")
	for _, h := range []*topo.Host{a, b} {
		h.SetSysctl("net.ipv6.conf.all.disable_ipv6", "1")
		h.SetSysctl("net.ipv6.conf.default.disable_ipv6", "1")
	}
	l := n.Link(a, b, topo.Subnet("192.0.2.0/24"), topo.Perfect())
	n.Up()
	return l, impairtest.Line{
		A: impairtest.Host{Set: a.Set(), Address: a.Addr4(), Interface: "eth0"},
		B: impairtest.Host{Set: b.Set(), Address: b.Addr4(), Interface: "eth0"},
	}
}

func TestNetemConforms(t *testing.T) {
	if probe.Named("netem").OK != probe.Yes { // the links are cables
		l, _ := quietLine(t)
		if err := topo.Netem(l).Set(impair.AToB, impair.Rules{}, 1); !errors.Is(err, syscall.ENOENT) {
			t.Errorf("the kernel has no netem, and says %v", err)
		}
		return
	}
	seeded, err := topo.NetemHasSeed()
	if err != nil {
		t.Fatal(err)
	}
	impairtest.Conform(t, func(t *testing.T) impairtest.Line {
		l, line := quietLine(t)
		line.Impairer, line.Seeded = topo.Impairer(l), seeded
		return line
	})
}

func TestCablesConform(t *testing.T) {
	impairtest.Conform(t, func(t *testing.T) impairtest.Line {
		l, line := quietLine(t, topo.Cables())
		c := topo.Impairer(l).(*cable.Cable)
		line.Impairer, line.Seeded = c, true
		line.Entered = func(d impair.Direction) uint64 { return c.Counters(d).Received }
		return line
	})
}
