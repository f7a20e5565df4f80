// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A switch is made in an order that is quick with many ports. None of that is left once it is up.
func TestBridgeOfASwitchIsAsTheKernelMakesIt(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	lan := n.Switch("lan")
	n.Link(n.Host("a"), lan)
	n.Up()
	plain := nstest.New(t, gonso.NS_NET)
	g.Expect(plain.Netlink().LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}})).To(Succeed())
	bridge := func(f *nstest.Fixture) *netlink.Bridge {
		link, err := f.Netlink().LinkByName("br0")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(link).To(BeAssignableToTypeOf(new(netlink.Bridge)))
		return link.(*netlink.Bridge)
	}
	is, usual := bridge(lan.Fixture), bridge(plain)
	g.Expect(is.Attrs().OperState).To(Equal(netlink.LinkOperState(netlink.OperUp)))
	is.LinkAttrs, usual.LinkAttrs = netlink.LinkAttrs{}, netlink.LinkAttrs{}
	g.Expect(is).To(Equal(usual))
}

// With more queues, which would not be in use, the kernel waits for all CPUs twice for each veth.
func TestInterfacesHaveOneQueueForEachDirection(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a, b := n.Host("a"), n.Host("b")
	n.Link(a, b)
	n.Up()
	for _, h := range []*topo.Host{a, b} {
		link, err := h.Netlink().LinkByName("eth0")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect([]int{link.Attrs().NumTxQueues, link.Attrs().NumRxQueues}).To(HaveEach(1))
	}
}

// Links are not deleted, but go with the namespaces. That these do go is seen by a cable from outside, which ends with the one inside.
func TestNamespacesOfANetworkEndWithIt(t *testing.T) {
	g := NewWithT(t)
	outside := nstest.New(t, gonso.NS_NET)
	updates, stop := make(chan netlink.LinkUpdate), make(chan struct{})
	defer close(stop)
	outside.Do(func() { g.Expect(netlink.LinkSubscribe(updates, stop)).To(Succeed()) })
	left := make(map[string]bool)
	t.Run("network", func(t *testing.T) {
		n := topo.New(t)
		a, b, s := n.Host("a"), n.Host("b"), n.Switch("s")
		n.Link(a, s)
		n.Link(b, s)
		n.Link(a, b)
		n.Up()
		for _, f := range []*nstest.Fixture{a.Fixture, b.Fixture, s.Fixture} {
			g.Expect(outside.Netlink().LinkAdd(&netlink.Veth{
				LinkAttrs: netlink.LinkAttrs{Name: "to-" + f.Name()}, PeerName: "out", PeerNamespace: netlink.NsFd(f.NetNS()),
			})).To(Succeed())
			left["to-"+f.Name()] = true
		}
	})
	for late := time.After(30 * time.Second); len(left) > 0; {
		select {
		case update := <-updates:
			if update.Header.Type == unix.RTM_DELLINK {
				delete(left, update.Attrs().Name)
			}
		case <-late:
			t.Fatalf("these are still there: %v", left)
		}
	}
}
