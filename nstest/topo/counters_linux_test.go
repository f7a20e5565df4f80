// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// The counters mean the same for a plain link, for one that the kernel impairs where it can, and for cables.
func TestCountersOfALink(t *testing.T) {
	for name, c := range map[string]struct {
		network []topo.Option
		link    []topo.LinkOption
	}{
		"plain at first":      {nil, nil},
		"as the kernel can":   {nil, []topo.LinkOption{topo.Perfect()}},
		"cable":               {[]topo.Option{topo.Cables()}, []topo.LinkOption{topo.Perfect()}},
		"replaced by a cable": {[]topo.Option{topo.Cables()}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			n := topo.New(t, c.network...)
			quiet := topo.Sysctl("net.ipv6.conf.default.disable_ipv6", "1")
			a, b := n.Host("a", quiet), n.Host("b", quiet)
			l := n.Link(a, b, append(c.link, topo.Subnet("192.0.2.0/24"))...)
			n.Up()
			a.SetSysctl("net.ipv4.neigh.eth0.base_reachable_time_ms", "3600000") // ARP asks once
			here, there := a.ListenPacket("udp", ":9"), b.ListenPacket("udp", ":9")
			say := func(count int) {
				for range count {
					_, err := here.WriteTo([]byte("hello"), net.UDPAddrFromAddrPort(netip.AddrPortFrom(b.Addr4(), 9)))
					g.Expect(err).NotTo(HaveOccurred())
				}
			}
			hear := func(count int) {
				for range count {
					_, _, err := there.ReadFrom(make([]byte, 10))
					g.Expect(err).NotTo(HaveOccurred())
				}
			}
			counters := func() topo.Counters { return l.Counters(a) }
			say(1) // with ARP
			hear(1)
			g.Expect(counters()).To(Equal(topo.Counters{Delivered: 2}))
			say(5)
			hear(5)
			g.Expect(counters()).To(Equal(topo.Counters{Delivered: 7}))
			l.Set(topo.From(a, topo.Loss(1)))
			say(3)
			g.Eventually(counters).Should(Equal(topo.Counters{Delivered: 7, Lost: 3}))
			l.Set(topo.Loss(0), topo.Delay(time.Hour), topo.Queue(1))
			say(3)
			g.Eventually(counters).Should(Equal(topo.Counters{Delivered: 7, Lost: 5}))
			g.Expect(l.Counters(b)).To(Equal(topo.Counters{Delivered: 1}), "the answer of ARP")
			g.Expect(counters().String()).To(Equal("7 delivered, 5 lost"))
		})
	}
}

func TestCountersAreThoseOfALinksNodes(t *testing.T) {
	for want, ask := range map[string]func(n *topo.Network, l *topo.Link){
		"topo: counters of a-b: the network is not up": func(n *topo.Network, l *topo.Link) { l.Counters(n.Nodes()[0]) },
		"topo: counters of a-b: c is not one of its nodes": func(n *topo.Network, l *topo.Link) {
			c := n.Host("c")
			n.Up()
			l.Counters(c)
		},
	} {
		text := failure.Text(t, func(tb testing.TB) {
			n := topo.New(tb)
			ask(n, n.Link(n.Host("a"), n.Host("b")))
		})
		if !strings.HasPrefix(text, want) {
			t.Errorf("ends with %q, want %q", text, want)
		}
	}
}
