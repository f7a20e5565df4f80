// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// A phone has two ways to a server, and uses them in turn, whether it was given its addresses or has asked for them.
func TestAHostSwitchesBetweenItsUplinks(t *testing.T) {
	for name, options := range map[string][]topo.NodeOption{"dealt out": nil, "on request": {topo.Dynamic()}} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			n := topo.New(t)
			phone, server := n.Host("phone", options...), n.Host("server")
			home, cell := n.Router("home", topo.Advertise(), topo.DHCP4()), n.Router("cell", topo.Advertise(), topo.DHCP4())
			wifi, mobile := n.Link(phone, home), n.Link(phone, cell)
			n.Link(home, server)
			n.Link(cell, server)
			phone.Uplinks(wifi, mobile)
			n.Up()
			expect := func(over *topo.Link) {
				t.Helper()
				for _, address := range server.Addrs() {
					g.Expect(sourceTo(t, phone, address)).To(BeElementOf(addressesAt(g, phone, over)), "to %v", address)
				}
			}
			expect(wifi)
			phone.Use(mobile)
			expect(mobile)
			phone.Use(wifi)
			expect(wifi)
			wifi.Down()
			expect(mobile)
			wifi.Up()
			expect(wifi)
			phone.Uplinks(mobile)
			wifi.Down()
			expect(mobile)
			wifi.Up()
			expect(mobile)
		})
	}
}

// sourceTo returns the address of a host from which its packets come at another one.
func sourceTo(t *testing.T, from *topo.Host, to netip.Addr) netip.Addr {
	conn, err := from.DialContext(t.Context(), "udp", netip.AddrPortFrom(to, 9).String())
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
}

func addressesAt(g *WithT, h *topo.Host, l *topo.Link) (list []netip.Addr) {
	h.Do(func() {
		eth, err := net.InterfaceByName(l.End(h).Name())
		g.Expect(err).NotTo(HaveOccurred())
		all, err := eth.Addrs()
		g.Expect(err).NotTo(HaveOccurred())
		for _, a := range all {
			list = append(list, netip.MustParsePrefix(a.String()).Addr())
		}
	})
	return list
}

func TestUplinksAreChecked(t *testing.T) {
	for want, f := range map[string]func(n *topo.Network, h *topo.Host, r *topo.Router, l *topo.Link){
		"uplinks of r: it is a router, which has a route to each network": func(_ *topo.Network, _ *topo.Host, r *topo.Router, l *topo.Link) { r.Uplinks(l) },
		"uplinks of h: there is no link":                                  func(_ *topo.Network, h *topo.Host, _ *topo.Router, _ *topo.Link) { h.Uplinks() },
		"uplinks of h: h-r is named twice":                                func(_ *topo.Network, h *topo.Host, _ *topo.Router, l *topo.Link) { h.Uplinks(l, l) },
		"uplinks of h: r-other is no link of h": func(n *topo.Network, h *topo.Host, r *topo.Router, _ *topo.Link) {
			h.Uplinks(n.Link(r, n.Host("other")))
		},
		"h uses h-r: that is none of its uplinks": func(_ *topo.Network, h *topo.Host, _ *topo.Router, l *topo.Link) { h.Use(l) },
	} {
		text := failure.Text(t, func(tb testing.TB) {
			n := topo.New(tb)
			h, r := n.Host("h"), n.Router("r")
			f(n, h, r, n.Link(h, r))
		})
		if !strings.HasPrefix(text, "topo: "+want) {
			t.Errorf("ends with %q, want %q", text, want)
		}
	}
	text := failure.Text(t, func(tb testing.TB) {
		n := topo.New(tb, topo.NoRoutes())
		h := n.Host("h")
		h.Uplinks(n.Link(h, n.Router("r")))
	})
	NewWithT(t).Expect(text).To(Equal("topo: uplinks of h: the network has topo.NoRoutes"))
}

func TestASwitchOfUplinksIsInTheLog(t *testing.T) {
	log := logOf(t, func(tb testing.TB) {
		n := topo.New(tb)
		h, r := n.Host("h"), n.Router("r")
		l := n.Link(h, r)
		h.Uplinks(l)
		n.Up()
		h.Use(l)
	})
	NewWithT(t).Expect(log).To(ContainElement(MatchRegexp(`\d\.\d{3}s  h uses h-r \(uplink_linux_test\.go:\d+\)`)))
}
