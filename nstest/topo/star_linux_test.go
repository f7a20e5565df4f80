// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
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
	g.Expect(is.Attrs().Flags & net.FlagUp).NotTo(BeZero())
	is.LinkAttrs, usual.LinkAttrs = netlink.LinkAttrs{}, netlink.LinkAttrs{}
	g.Expect(is).To(Equal(usual))
}

// Of the kernel's lists, which it does not bring up to date for whoever asks: all interfaces are in operation, each port of a switch
// forwards, and each address is valid.
func TestAllIsInOperationAfterUp(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	lan, r := n.Switch("lan"), n.Router("r")
	n.Link(r, lan)
	fixtures := []*nstest.Fixture{lan.Fixture, r.Fixture}
	const hosts = 40
	for i := range hosts {
		h := n.Host(fmt.Sprintf("h%d", i))
		n.Link(h, []topo.Node{lan, r}[i%2])
		fixtures = append(fixtures, h.Fixture)
	}
	n.Up()
	states, err := portStates(lan.Fixture)
	g.Expect(err).NotTo(HaveOccurred())
	for _, f := range fixtures {
		links, err := f.Netlink().LinkList()
		g.Expect(err).NotTo(HaveOccurred())
		addresses, err := f.Netlink().AddrList(nil, netlink.FAMILY_V6)
		g.Expect(err).NotTo(HaveOccurred())
		for _, link := range links {
			if a := link.Attrs(); link.Type() == "veth" {
				g.Expect(a.OperState).To(Equal(netlink.LinkOperState(netlink.OperUp)), "%s of %s", a.Name, f.Name())
			}
		}
		for _, address := range addresses {
			g.Expect(address.Flags&unix.IFA_F_TENTATIVE).To(BeZero(), "%v of %s", address, f.Name())
		}
	}
	const forwarding = 3 // linux/if_bridge.h
	g.Expect(states).To(HaveLen(1 + hosts/2))
	g.Expect(states).To(HaveEach(byte(forwarding)))
}

// Where the kernel is older than 6.8, every other end of a link that was just made had yet to come into operation.
func TestALinkIsInOperationAfterUp(t *testing.T) {
	for range 10 {
		t.Run("pair", func(t *testing.T) {
			g := NewWithT(t)
			n := topo.New(t)
			hosts := []*topo.Host{n.Host("a"), n.Host("b")}
			n.Link(hosts[0], hosts[1])
			n.Up()
			for _, h := range hosts {
				links, err := h.Netlink().LinkList()
				g.Expect(err).NotTo(HaveOccurred())
				for _, link := range links {
					if link.Type() == "veth" {
						g.Expect(link.Attrs().OperState).To(Equal(netlink.LinkOperState(netlink.OperUp)), h.Name())
					}
				}
			}
		})
	}
}

// portStates lists the states of a switch's ports.
func portStates(f *nstest.Fixture) (states []byte, err error) {
	f.Do(func() {
		r := nl.NewNetlinkRequest(unix.RTM_GETLINK, unix.NLM_F_DUMP)
		r.AddData(nl.NewIfInfomsg(unix.AF_BRIDGE))
		var list [][]byte
		list, err = r.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWLINK)
		for _, m := range list {
			attributes, failed := nl.ParseRouteAttr(m[unix.SizeofIfInfomsg:])
			err = errors.Join(err, failed)
			for _, a := range attributes {
				if a.Attr.Type&^unix.NLA_F_NESTED != unix.IFLA_PROTINFO {
					continue
				}
				port, failed := nl.ParseRouteAttr(a.Value)
				err = errors.Join(err, failed)
				for _, a := range port {
					if a.Attr.Type == nl.IFLA_BRPORT_STATE {
						states = append(states, a.Value[0])
					}
				}
			}
		}
	})
	return states, err
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
