// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/vishvananda/netlink"
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
