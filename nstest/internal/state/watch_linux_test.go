// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// A watched has what a Watch has told.
type watched struct {
	mu   sync.Mutex
	said []string
}

func (w *watched) tell(_ time.Time, changes []tracedata.Change, _ []state.Link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range changes {
		text := c.Section + ": " + c.Text
		for _, note := range []struct {
			is   bool
			text string
		}{{c.Gone, "gone"}, {c.Bad, "bad"}, {c.Initial, "initial"}} {
			if note.is {
				text += " [" + note.text + "]"
			}
		}
		w.said = append(w.said, text)
	}
}

// all returns what was told.
func (w *watched) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.said)
}

func TestAWatchTellsWhatChanges(t *testing.T) {
	g := NewWithT(t)
	a, b := nstest.New(t, set.NS_NET, nstest.Named("a")), nstest.New(t, set.NS_NET, nstest.Named("b"))
	veth, _ := link.Veth(t, a, b, link.Name("eth0"))
	a.AddAddress("eth0", "192.0.2.1/24")

	var w watched
	watch, err := state.WatchNetwork(a.Set(), func() []set.Set { return []set.Set{b.Set()} }, w.tell)
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(watch.Close()).To(Succeed()) }()
	first := w.all()
	g.Expect(first).To(ContainElement(MatchRegexp(`^links: eth0  UP  .*  veth, peer if\d+ in net:\[\d+\] \[initial\]$`)))
	g.Expect(first).To(ContainElement("addresses: 192.0.2.1/24 dev eth0 [initial]"))
	g.Expect(first).To(ContainElement("routes: 192.0.2.0/24 dev eth0 src 192.0.2.1 [initial]"))

	_, to, err := net.ParseCIDR("198.51.100.0/24")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(a.Netlink().RouteAdd(&netlink.Route{Dst: to, Gw: net.IPv4(192, 0, 2, 2)})).To(Succeed())
	g.Eventually(w.all).Should(ContainElement("routes: 198.51.100.0/24 via 192.0.2.2 dev eth0"))

	veth.Down()
	g.Expect(watch.Look()).To(Succeed())
	down := w.all()
	g.Expect(down).To(ContainElement(MatchRegexp(`^links: eth0  DOWN  .*\[bad\]$`)))
	g.Expect(down).To(ContainElement("routes: 198.51.100.0/24 via 192.0.2.2 dev eth0 [gone]"))
	g.Expect(watch.Look()).To(Succeed())
	g.Expect(w.all()).To(Equal(down), "again")
}

func TestAWatchNeedsNoRoomForWhatItTells(t *testing.T) {
	g := NewWithT(t)
	a := nstest.New(t, set.NS_NET)
	var w watched
	watch, err := state.WatchNetwork(a.Set(), func() []set.Set { return nil }, w.tell)
	g.Expect(err).NotTo(HaveOccurred())
	lo, err := a.Netlink().LinkByName("lo")
	g.Expect(err).NotTo(HaveOccurred())
	const many = 3000 // messages: more than the socket has room for
	last := netip.MustParseAddr("198.18.0.0")
	for range many {
		last = last.Next()
		g.Expect(a.Netlink().AddrAdd(lo, &netlink.Addr{IPNet: &net.IPNet{IP: last.AsSlice(), Mask: net.CIDRMask(32, 32)}})).To(Succeed())
	}
	g.Eventually(w.all).WithTimeout(20 * time.Second).Should(ContainElement(fmt.Sprintf("addresses: %v/32 dev lo", last)))
	g.Expect(watch.Close()).To(Succeed())
}
