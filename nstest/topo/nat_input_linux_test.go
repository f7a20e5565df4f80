// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

func TestBadPresetIsNamed(t *testing.T) {
	for want, build := range map[string]func(n *topo.Network){
		`make the host "a": home NAT is no option of a host`: func(n *topo.Network) { n.Host("a", topo.HomeNAT()) },
		"a mapping timeout of 1.5s: it must be whole seconds": func(n *topo.Network) {
			n.Router("r", topo.HomeNAT(topo.MappingTimeout(1500*time.Millisecond)))
		},
		"home NAT and cloud NAT: a router translates addresses in one way only": func(n *topo.Network) {
			n.Router("r", topo.HomeNAT(), topo.CloudNAT())
		},
		"up: router r is a home NAT, and no link leads outside: give one the option topo.Outside(r)": func(n *topo.Network) {
			n.Link(n.Host("a"), n.Router("r", topo.HomeNAT()))
			n.Up()
		},
		"link r to a: it is to lead outside for a, which is a host: only a router has an outside": func(n *topo.Network) {
			a := n.Host("a")
			n.Link(n.Router("r", topo.HomeNAT()), a, topo.Outside(a))
		},
		"link r to a: it is to lead outside for other, which is not one of its nodes": func(n *topo.Network) {
			n.Link(n.Router("r"), n.Host("a"), topo.Outside(n.Router("other")))
		},
	} {
		if text := failure.Text(t, func(tb testing.TB) { build(topo.New(tb)) }); !strings.HasPrefix(text, "topo: ") || !strings.Contains(text, want) {
			t.Errorf("ends with %q, want %q", text, want)
		}
	}
}
