// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"errors"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
	"golang.org/x/net/icmp"
	"golang.org/x/sys/unix"
)

func TestNewGivesEachTestItsOwnNamespaces(t *testing.T) {
	g := NewWithT(t)
	seen := map[string]bool{here(g, "net"): true}
	for range 10 {
		ns := nstest.New(t, set.NS_NET)
		g.Expect(seen).NotTo(HaveKey(ns.ID(set.NS_NET)))
		seen[ns.ID(set.NS_NET)] = true
		ns.Do(func() { g.Expect(here(g, "net")).To(Equal(ns.ID(set.NS_NET))) })
	}
}

func TestNewClosesItsSetWhenTheTestEnds(t *testing.T) {
	g := NewWithT(t)
	var ns *nstest.Fixture
	var client *http.Client
	t.Run("inner", func(t *testing.T) {
		ns = nstest.New(t, set.NS_NET)
		client = ns.HTTPClient()
		g.Expect(ns.Set().Closed()).To(BeFalse())
	})
	g.Expect(ns.Set().Closed()).To(BeTrue())
	g.Expect(ns.Name()).To(Equal("net"))
	const why = "fixture net of TestNewClosesItsSetWhenTheTestEnds/inner is used after that test has ended"
	_, err := ns.DialContext(t.Context(), "tcp", "127.0.0.1:1")
	g.Expect(err).To(MatchError(SatisfyAll(ContainSubstring(why), Not(ContainSubstring("refused")))))
	g.Expect(errors.Is(err, net.ErrClosed)).To(BeTrue())
	_, err = client.Get("http://127.0.0.1:1/")
	g.Expect(err).To(MatchError(ContainSubstring(why)))
}

func TestNetworkIsReady(t *testing.T) {
	ns := nstest.New(t, set.NS_NET)
	ns.Do(func() {
		g := NewWithT(t)
		for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
			l, err := net.Listen("tcp", address)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(l.Close()).To(Succeed())
		}
		for network, address := range map[string]string{"udp4": "127.0.0.1", "udp6": "::1"} {
			ping, err := icmp.ListenPacket(network, address)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(ping.Close()).To(Succeed())
		}
	})
}

// The kernel adds two routes to an address that is a network of its own, and only the second
// leads to this host.
func TestFreshIPv6AddressOfItsOwnNetworkIsLocal(t *testing.T) {
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_NET)
	for i := range 200 {
		ip := net.ParseIP("2001:db8::").To16()
		ip[15] = byte(i + 1)
		ns.AddAddress("lo", ip.String()+"/128")
		routes, err := ns.Netlink().RouteGet(ip)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(routes).To(ConsistOf(HaveField("Type", unix.RTN_LOCAL)))
	}
}

func TestFreshIPv6AddressCanBeBoundAtOnce(t *testing.T) {
	ns := nstest.New(t, set.NS_NET)
	nl := ns.Netlink()
	g := NewWithT(t)
	g.Expect(nl.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "a"}, PeerName: "b"})).To(Succeed())
	for _, name := range []string{"a", "b"} {
		link, err := nl.LinkByName(name)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(nl.LinkSetUp(link)).To(Succeed())
	}
	a, err := nl.LinkByName("a")
	g.Expect(err).NotTo(HaveOccurred())
	for range 1000 {
		ns.AddAddress("a", "2001:db8::1/64")
		var routes []netlink.Route
		g.Eventually(func() (err error) {
			routes, err = nl.RouteListFiltered(netlink.FAMILY_V6, &netlink.Route{Table: unix.RT_TABLE_LOCAL, Dst: netlink.NewIPNet(net.ParseIP("2001:db8::1"))},
				netlink.RT_FILTER_TABLE|netlink.RT_FILTER_DST)
			return err
		}).Should(Succeed())
		g.Expect(routes).To(HaveLen(1), "what is sent to it would be lost")
		ns.Do(func() {
			l, err := net.Listen("tcp", "[2001:db8::1]:0")
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(l.Close()).To(Succeed())
		})
		var list []netlink.Addr
		g.Eventually(func() (err error) { // a list during which something changes is refused
			list, err = nl.AddrList(a, netlink.FAMILY_V6)
			return err
		}).Should(Succeed())
		for _, address := range list {
			if address.Scope == int(netlink.SCOPE_UNIVERSE) {
				g.Expect(nl.AddrDel(a, &address)).To(Succeed())
			}
		}
	}
}

func TestRawLeavesTheNetworkAsTheKernelMakesIt(t *testing.T) {
	g := NewWithT(t)
	lo, err := nstest.New(t, set.NS_NET, nstest.Raw()).Netlink().LinkByName("lo")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(lo.Attrs().Flags & net.FlagUp).To(BeZero())
}

func TestSysAndRunNetnsAreOfTheFixture(t *testing.T) {
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_NET|set.NS_MNT)
	g.Expect(ns.Netlink().LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "inside"}})).To(Succeed())
	ns.Do(func() {
		g.Expect("/sys/class/net/inside/bridge").To(BeADirectory())
		g.Expect(os.WriteFile("/run/netns/mine", nil, 0o600)).To(Succeed())
	})
	g.Expect("/sys/class/net/inside").NotTo(BeAnExistingFile())
	g.Expect("/run/netns/mine").NotTo(BeAnExistingFile())
}

func TestSetupRunsInsideBeforeTheTest(t *testing.T) {
	g := NewWithT(t)
	var id string
	ns := nstest.New(t, set.NS_UTS, nstest.Setup(func() { id = here(g, "uts") }))
	g.Expect(id).To(Equal(ns.ID(set.NS_UTS)))
}

func TestEnterMovesTheRestOfTheTest(t *testing.T) {
	g := NewWithT(t)
	var outside, other string
	t.Run("inner", func(t *testing.T) {
		g := NewWithT(t)
		ns := nstest.Enter(t, set.NS_NET|set.NS_MNT)
		runtime.Gosched()
		g.Expect(here(g, "net")).To(Equal(ns.ID(set.NS_NET)))
		g.Expect(here(g, "mnt")).To(Equal(ns.ID(set.NS_MNT)))
		var others sync.WaitGroup
		others.Go(func() { other = here(g, "net") })
		others.Wait()
	})
	outside = here(g, "net")
	g.Expect(other).To(Equal(outside), "a goroutine that the test started")
}

func TestRunGivesTheSubtestNamespaces(t *testing.T) {
	g := NewWithT(t)
	outside := here(g, "uts")
	g.Expect(nstest.Run(t, "inside", set.NS_UTS, func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(here(g, "uts")).NotTo(Equal(outside))
	})).To(BeTrue())
}

func TestTestsNeverRunOnTheMainThread(t *testing.T) {
	for range 100 {
		t.Run("", func(t *testing.T) { nstest.Enter(t, set.NS_UTS) })
	}
}
