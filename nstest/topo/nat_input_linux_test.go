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
		`make the switch "s": corporate firewall is no option of a switch`: func(n *topo.Network) { n.Switch("s", topo.CorporateFirewall()) },
		`make the host "a": captive portal is no option of a host`:         func(n *topo.Network) { n.Host("a", topo.CaptivePortal(nil)) },
		`make the host "a": public is no option of a host`:                 func(n *topo.Network) { n.Host("a", topo.Public()) },
		"admit [a] at r: it is a home NAT: make it with the option topo.CaptivePortal": func(n *topo.Network) {
			n.Router("r", topo.HomeNAT()).Admit(n.Host("a"))
		},
		"admit [a] at r: the network is not up: call Up first": func(n *topo.Network) {
			n.Router("r", topo.CaptivePortal(nil)).Admit(n.Host("a"))
		},
		"admit [other] at r: other is a node of another network": func(n *topo.Network) {
			n.Router("r", topo.CaptivePortal(nil)).Admit(topo.New(t).Host("other"))
		},
	} {
		if text := failure.Text(t, func(tb testing.TB) { build(topo.New(tb)) }); !strings.HasPrefix(text, "topo: ") || !strings.Contains(text, want) {
			t.Errorf("ends with %q, want %q", text, want)
		}
	}
}
