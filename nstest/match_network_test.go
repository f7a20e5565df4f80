// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// host returns a host with an eth0, whose other end is elsewhere, and what
// Gomega's messages show of it.
func host(t *testing.T) (host *nstest.Fixture, shown string) {
	t.Helper()
	host = nstest.New(t, set.NS_NET)
	cable(t, host, nstest.New(t, set.NS_NET))
	return host, fmt.Sprintf("<set.Set>: Set(%s)", host.ID(set.NS_NET))
}

func TestHaveLink(t *testing.T) {
	g := NewWithT(t)
	ns, shown := host(t)
	const eth0 = "eth0: veth, MTU 1400, 02:00:00:00:00:01, UP"

	g.Expect(agrees(t, ns.Set(), nstest.HaveLink("eth0"))).To(Equal(`Expected
    ` + shown + `
not to have the link eth0
It has
    ` + eth0))
	g.Expect(disagrees(t, ns.Set(), nstest.HaveLink("eth1"))).To(Equal(`Expected
    ` + shown + `
to have the link eth1
It has
    lo: device, MTU 65536, UP
    ` + eth0))
	agrees(t, ns.Set(), nstest.HaveLink("eth0", nstest.BeUp(), nstest.HaveMTU(1400), nstest.HaveMAC("02:00:00:00:00:01"),
		nstest.BeOfType("veth"), HaveField("Attrs().Promisc", 0)))
	agrees(t, ns.Set(), nstest.HaveLink("eth0", nstest.HaveMTU(BeNumerically("<", 1500)), nstest.HaveMAC(HavePrefix("02:"))))
	g.Expect(disagrees(t, ns.Set(), nstest.HaveLink("eth0", nstest.BeUp(), nstest.HaveMTU(1500)))).To(Equal(`Wrong link eth0 of
    ` + shown + `
Wrong MTU of link
    ` + eth0 + `
Expected
    <int>: 1400
to equal
    <int>: 1500`))
	g.Expect(disagrees(t, ns.Set(), nstest.HaveLink("eth0", Not(nstest.BeOfType("veth"))))).To(Equal(`Wrong link eth0 of
    ` + shown + `
Wrong type of link
    ` + eth0 + `
Expected
    <string>: veth
not to equal
    <string>: veth`))
	g.Expect(refuses(t, ns.Set(), nstest.HaveLink("eth0", nstest.HaveMTU("1500")))).To(Equal(
		`HaveLink matcher: HaveMTU matcher expects a wanted MTU of type int, or a matcher.  Got:
    <string>: 1500`))
}

func TestBeUpIsAboutCarryingPackets(t *testing.T) {
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_NET)
	nl := ns.Netlink()
	g.Expect(nl.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "a", MTU: 1500}, PeerName: "b"})).To(Succeed())
	link := func(name string) netlink.Link {
		l, err := nl.LinkByName(name)
		g.Expect(err).NotTo(HaveOccurred())
		return l
	}
	mac := link("a").Attrs().HardwareAddr.String()
	g.Expect(disagrees(t, link("a"), nstest.BeUp())).To(Equal(
		"Expected link\n    a: veth, MTU 1500, " + mac + ", DOWN\nto be up"))
	g.Expect(nl.LinkSetUp(link("a"))).To(Succeed())
	g.Expect(disagrees(t, link("a"), nstest.BeUp())).To(Equal(
		"Expected link\n    a: veth, MTU 1500, " + mac + ", NO-CARRIER\nto be up"))
	g.Expect(nl.LinkSetUp(link("b"))).To(Succeed())
	g.Eventually(ns).Should(nstest.HaveLink("a", nstest.BeUp()))
	g.Expect(agrees(t, link("a"), nstest.BeUp())).To(Equal(
		"Expected link\n    a: veth, MTU 1500, " + mac + ", UP\nnot to be up"))
}

func TestHaveAddress(t *testing.T) {
	g := NewWithT(t)
	ns, shown := host(t)
	for _, address := range []string{"192.0.2.1/24", "192.0.2.1", "2001:db8::1/64", "2001:db8::1", "::1", "127.0.0.1/8"} {
		agrees(t, ns, nstest.HaveAddress(address))
	}
	for _, address := range []string{"192.0.2.1/32", "192.0.2.0/24", "192.0.2.2", "2001:db8::1/128"} {
		disagrees(t, ns, nstest.HaveAddress(address))
	}
	g.Expect(agrees(t, ns.Set(), nstest.HaveAddress("192.0.2.1", nstest.HaveDevice("eth0")))).To(Equal(`Expected
    ` + shown + `
not to have the address 192.0.2.1
It has
    192.0.2.1/24 on eth0`))
	g.Expect(disagrees(t, ns.Set(), nstest.HaveAddress("192.0.2.1", nstest.HaveDevice("lo")))).To(Equal(`Wrong address 192.0.2.1 of
    ` + shown + `
Expected
    192.0.2.1/24 on eth0
to have the device lo`))

	bare := nstest.New(t, set.NS_NET)
	g.Expect(disagrees(t, bare.Set(), nstest.HaveAddress("192.0.2.1/24"))).To(Equal(`Expected
    <set.Set>: Set(` + bare.ID(set.NS_NET) + `)
to have the address 192.0.2.1/24
It has
    127.0.0.1/8 on lo
    ::1/128 on lo`))
	raw := nstest.New(t, set.NS_NET, nstest.Raw())
	g.Expect(disagrees(t, raw.Set(), nstest.HaveAddress("192.0.2.1/24"))).To(HaveSuffix("\nIt has\n    nothing"))
	for _, wrong := range []string{"", "eth0", "192.0.2.1/33", "fe80::1%eth0"} {
		g.Expect(refuses(t, ns, nstest.HaveAddress(wrong))).To(Equal(
			"HaveAddress matcher expects an address such as 192.0.2.1/24 or 192.0.2.1.  Got:\n    <string>: " + wrong))
	}
}

// An address for which the kernel looks for a duplicate cannot be bound. Of a network that is
// known only by a netlink handle no changes are seen.
// In Docker, and in a fixture that is Raw, the kernel looks for duplicates of what others add
// than AddAddress, such as link-local addresses.
func TestTentativeAddressIsWaitedFor(t *testing.T) {
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_NET, nstest.Raw())
	handle := ns.Netlink()
	g.Expect(handle.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "a"}, PeerName: "b"})).To(Succeed())
	ns.Do(func() { // a second or two are long
		g.Expect(os.WriteFile("/proc/sys/net/ipv6/neigh/a/retrans_time_ms", []byte("100"), 0)).To(Succeed())
		g.Expect(os.WriteFile("/proc/sys/net/ipv6/conf/a/router_solicitation_delay", []byte("0"), 0)).To(Succeed())
	})
	for _, name := range []string{"a", "b"} {
		link, err := handle.LinkByName(name)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(handle.LinkSetUp(link)).To(Succeed())
	}
	g.Eventually(ns).Within(10 * time.Second).Should(nstest.HaveLink("a", nstest.BeUp()))
	a, err := handle.LinkByName("a")
	g.Expect(err).NotTo(HaveOccurred())
	for i := range 2 {
		address, err := netlink.ParseAddr(fmt.Sprintf("2001:db8::%d/64", i+1))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(handle.AddrAdd(a, address)).To(Succeed())
		g.Expect(ns).To(nstest.HaveAddress(address.IPNet.String()))
		g.Expect(ns).NotTo(nstest.HaveAddress("2001:db8::ffff"))
	}
}

func TestTentativeAddressIsNotThere(t *testing.T) {
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_NET, nstest.Raw())
	nl := ns.Netlink()
	g.Expect(nl.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "a"}, PeerName: "b"})).To(Succeed())
	for _, name := range []string{"a", "b"} {
		link, err := nl.LinkByName(name)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(nl.LinkSetUp(link)).To(Succeed())
	}
	link, err := nl.LinkByName("a")
	g.Expect(err).NotTo(HaveOccurred())
	address, err := netlink.ParseAddr("2001:db8::1/64")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(nl.AddrAdd(link, address)).To(Succeed())

	g.Expect(disagrees(t, nl, nstest.HaveAddress("2001:db8::1"))).To(ContainSubstring("\n    2001:db8::1/64 on a (tentative)"))
	g.Eventually(nl, "10s").Should(nstest.HaveAddress("2001:db8::1"))
	ns.Do(func() {
		l, err := net.Listen("tcp", "[2001:db8::1]:0")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(l.Close()).To(Succeed())
	})
}

func TestHaveRoute(t *testing.T) {
	g := NewWithT(t)
	ns, shown := host(t)
	for _, r := range []*netlink.Route{
		{Gw: net.IPv4(192, 0, 2, 254)},
		{Dst: network(t, "198.51.100.0/24"), MultiPath: []*netlink.NexthopInfo{
			{Gw: net.IPv4(192, 0, 2, 7)}, {Gw: net.IPv4(192, 0, 2, 8)},
		}},
		{Dst: network(t, "203.0.113.7/32"), Type: blackhole},
		{Dst: network(t, "2001:db8:1::/48"), Gw: net.ParseIP("2001:db8::254")},
		{Dst: network(t, "203.0.113.8/32"), Gw: net.IPv4(192, 0, 2, 9), Table: 100},
	} {
		g.Expect(ns.Netlink().RouteAdd(r)).To(Succeed())
	}

	for to, gateway := range map[string]string{
		"default": "192.0.2.254", "0.0.0.0/0": "192.0.2.254",
		"2001:db8:1::/48": "2001:db8::254",
	} {
		agrees(t, ns, nstest.HaveRoute(to, nstest.HaveGateway(gateway), nstest.HaveDevice("eth0")))
	}
	agrees(t, ns, nstest.HaveRoute("198.51.100.0/24", nstest.HaveGateway("192.0.2.7")))
	agrees(t, ns, nstest.HaveRoute("198.51.100.0/24", nstest.HaveGateway("192.0.2.8"), HaveField("Hops", HaveLen(2))))
	agrees(t, ns, nstest.HaveRoute("203.0.113.7", HaveField("Netlink.Type", blackhole), HaveField("Hops", BeEmpty())))
	disagrees(t, ns, nstest.HaveRoute("::/0"))

	g.Expect(agrees(t, ns.Set(), nstest.HaveRoute("192.0.2.0/24"))).To(Equal(`Expected
    ` + shown + `
not to have the route to 192.0.2.0/24
It has
    192.0.2.0/24 dev eth0`))
	const v4 = `
It has
    default via 192.0.2.254 dev eth0
    192.0.2.0/24 dev eth0
    198.51.100.0/24 via 192.0.2.7 dev eth0 via 192.0.2.8 dev eth0
    203.0.113.7/32 without a device
    2001:db8::/64 dev eth0
    2001:db8:1::/48 via 2001:db8::254 dev eth0`
	// Another table, and not exactly that network.
	for _, to := range []string{"203.0.113.8", "198.51.100.0/25"} {
		g.Expect(disagrees(t, ns.Set(), nstest.HaveRoute(to))).To(HavePrefix(`Expected
    ` + shown + `
to have the route to ` + to + v4))
	}
	g.Expect(disagrees(t, ns.Set(), nstest.HaveRoute("default", nstest.HaveGateway("192.0.2.1")))).To(Equal(`Wrong route to default of
    ` + shown + `
Expected
    default via 192.0.2.254 dev eth0
to have the gateway 192.0.2.1`))
	g.Expect(disagrees(t, ns.Set(), nstest.HaveRoute("default", Not(nstest.HaveGateway("192.0.2.254"))))).To(Equal(`Wrong route to default of
    ` + shown + `
Expected
    default via 192.0.2.254 dev eth0
not to have the gateway 192.0.2.254`))
	for _, wrong := range []string{"", "eth0", "192.0.2.1/24"} {
		g.Expect(refuses(t, ns, nstest.HaveRoute(wrong))).To(Equal(
			"HaveRoute matcher expects a destination such as 192.0.2.0/24, 192.0.2.1 or \"default\".  Got:\n    <string>: " + wrong))
	}
	g.Expect(refuses(t, ns, nstest.HaveRoute("default", nstest.HaveGateway("router")))).To(Equal(
		"HaveRoute matcher: HaveGateway matcher expects an IP address.  Got:\n    <string>: router"))
}

// Types of routes, RTN_* of linux/rtnetlink.h.
const (
	blackhole   = 6
	unreachable = 7
)

func network(t *testing.T, cidr string) *net.IPNet {
	t.Helper()
	_, n, err := net.ParseCIDR(cidr)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNetworkMatchersTakeAHandle(t *testing.T) {
	g := NewWithT(t)
	ns, _ := host(t)
	g.Expect(ns.Netlink()).To(nstest.HaveLink("eth0", nstest.BeUp()))
	g.Expect(ns.Netlink()).To(nstest.HaveAddress("192.0.2.1/24"))
	g.Expect(ns.Netlink()).To(nstest.HaveRoute("192.0.2.0/24", nstest.HaveDevice("eth0")))
	g.Expect(ns.Netlink()).NotTo(nstest.HaveLink("eth1"), "the handle stays open")
	g.Expect(disagrees(t, ns.Netlink(), nstest.HaveLink("eth1"))).To(HavePrefix(fmt.Sprintf(
		"Expected\n    <*netlink.Handle | %p>: a network namespace\nto have the link eth1\n", ns.Netlink())))
	g.Expect(refuses(t, (*netlink.Handle)(nil), nstest.HaveLink("lo"))).To(Equal(
		"HaveLink matcher expects a *netlink.Handle.  Got:\n    <*netlink.Handle | 0x0>: nil"))
}

func TestNetworkMatchersNeedANetwork(t *testing.T) {
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_UTS)
	g.Expect(refuses(t, ns, nstest.HaveLink("lo"))).To(Equal(
		"HaveLink matcher: gonso: dup net: the Set has only uts: invalid argument"))
	g.Expect(refuses(t, ns, nstest.Reach("127.0.0.1"))).To(Equal(
		"Reach matcher: gonso: dup net: the Set has only uts: invalid argument"))
}

// The network is seen from wherever the matcher runs.
func TestNetworkMatchersLookInsideFromAnywhere(t *testing.T) {
	g := NewWithT(t)
	ns, _ := host(t)
	nstest.New(t, set.NS_NET|set.NS_MNT).Do(func() {
		g.Expect(ns).To(nstest.HaveLink("eth0"))
		g.Expect(ns).To(nstest.Reach("192.0.2.1"))
	})
}

// The kernel leaves out some of what it lists if that changes meanwhile.
func TestNetworkMatchersHoldWhileLinksComeAndGo(t *testing.T) {
	g := NewWithT(t)
	ns, _ := host(t)
	stopped, ended := make(chan struct{}), make(chan error, 1)
	stop := sync.OnceFunc(func() { close(stopped) })
	defer stop()
	nl := ns.Netlink()
	for i := range 100 { // more than fits into one answer of the kernel
		g.Expect(nl.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: fmt.Sprintf("bridge%d", i)}})).To(Succeed())
	}
	go func() {
		churn := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "churn"}}
		for {
			select {
			case <-stopped:
				ended <- nil
				return
			default:
			}
			if err := errors.Join(nl.LinkAdd(churn), nl.LinkDel(churn)); err != nil {
				ended <- err
				return
			}
		}
	}()
	for range 10 {
		g.Expect(ns).To(nstest.HaveLink("eth0"))
		g.Expect(ns).To(nstest.HaveAddress("192.0.2.1"))
	}
	stop()
	g.Expect(<-ended).To(Succeed())
}

// The kernel has refused packets leave by lo, in IPv6.
func TestRoutesThatRefusePacketsHaveNoHops(t *testing.T) {
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_NET)
	nstest.RequireFeatures(t, "ipv6")
	refused := netlink.Route{Dst: netlink.NewIPNet(net.ParseIP("2001:db8::1")), Type: unreachable}
	g.Expect(ns.Netlink().RouteAdd(&refused)).To(Succeed())
	g.Expect(ns).To(nstest.HaveRoute("2001:db8::1", HaveField("Hops", BeEmpty())))
}
