// SPDX-License-Identifier: Apache-2.0

package container_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/google/nftables"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/vishvananda/netlink"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// The network (addresses of RFC 5737 and RFC 3849):
//
//	client                    switch                     server
//	eth0 ============== port1 [ br0 ] port2 ============== eth0
//	192.0.2.1/24                                         192.0.2.2/24
//	2001:db8::1/64                                       2001:db8::2/64
//	                                                       lo 198.51.100.7/32, 2001:db8:1::7/128
func lay(tb testing.TB, client, middle, server *nstest.Fixture) {
	g := NewWithT(tb)
	g.Expect(middle.Netlink().LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}})).To(Succeed())
	bridge, err := middle.Netlink().LinkByName("br0")
	g.Expect(err).NotTo(HaveOccurred())
	up := func(f *nstest.Fixture, name string) {
		link, err := f.Netlink().LinkByName(name)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(f.Netlink().LinkSetUp(link)).To(Succeed())
	}
	for port, host := range map[string]*nstest.Fixture{"port1": client, "port2": server} {
		fds, err := host.Set().Fds(gonso.NS_NET)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(middle.Netlink().LinkAdd(&netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: port, MasterIndex: bridge.Attrs().Index},
			PeerName:  "eth0", PeerNamespace: netlink.NsFd(fds.Get(gonso.NS_NET).Fd()),
		})).To(Succeed())
		g.Expect(fds.Close()).To(Succeed())
		up(middle, port)
		up(host, "eth0")
	}
	up(middle, "br0")
	client.AddAddress("eth0", "192.0.2.1/24")
	client.AddAddress("eth0", "2001:db8::1/64")
	server.AddAddress("eth0", "192.0.2.2/24")
	server.AddAddress("eth0", "2001:db8::2/64")
	server.AddAddress("lo", "198.51.100.7/32")
	server.AddAddress("lo", "2001:db8:1::7/128")
	for _, network := range []string{"198.51.100.0/24", "2001:db8:1::/64"} {
		_, to, err := net.ParseCIDR(network)
		g.Expect(err).NotTo(HaveOccurred())
		via := net.ParseIP("192.0.2.2")
		if to.IP.To4() == nil {
			via = net.ParseIP("2001:db8::2")
		}
		g.Expect(client.Netlink().RouteAdd(&netlink.Route{Dst: to, Gw: via})).To(Succeed())
	}
}

func TestHostsTalkOverASwitch(t *testing.T) {
	talk(t, nstest.New(t, gonso.NS_NET), nstest.New(t, gonso.NS_NET), nstest.New(t, gonso.NS_NET|gonso.NS_MNT))
}

var _ = Describe("hosts", func() {
	client, middle, server := nstest.Each(gonso.NS_NET), nstest.Each(gonso.NS_NET), nstest.Each(gonso.NS_NET)
	It("talk over a switch", func() { talk(GinkgoTB(), client, middle, server) })
})

func talk(tb testing.TB, client, middle, server *nstest.Fixture) {
	g := NewWithT(tb)
	lay(tb, client, middle, server)
	g.Expect(client).To(nstest.HaveAddress("2001:db8::1/64", nstest.HaveDevice("eth0")))
	g.Expect(client).To(nstest.HaveRoute("2001:db8:1::/64", nstest.HaveGateway("2001:db8::2")))
	g.Eventually(middle).Within(10 * time.Second).Should(nstest.HaveLink("br0", nstest.BeOfType("bridge"), nstest.BeUp()))
	for _, address := range []string{"198.51.100.7", "2001:db8:1::7"} {
		g.Expect(client).To(nstest.Reach(address))
		listener := server.Listen("tcp", net.JoinHostPort(address, "0"))
		go func() {
			conn, err := listener.Accept()
			if err == nil {
				_, err = io.WriteString(conn, address)
			}
			if err != nil {
				tb.Error(err)
			}
			_ = conn.Close()
		}()
		ctx, cancel := context.WithTimeout(tb.Context(), 10*time.Second)
		conn, err := client.DialContext(ctx, "tcp", listener.Addr().String())
		cancel()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(io.ReadAll(conn)).To(BeEquivalentTo(address))
		g.Expect(conn.Close()).To(Succeed())
	}
}

func TestTopology(t *testing.T) {
	n := topo.New(t)
	client, router, server := n.Host("client"), n.Router("router"), n.Host("server")
	n.Link(client, router)
	n.Link(router, server)
	n.Up()
	NewWithT(t).Eventually(client).Within(10 * time.Second).Should(nstest.Reach(server.Addr6().String()))
}

func TestNftables(t *testing.T) {
	g := NewWithT(t)
	f := nstest.Enter(t, gonso.NS_NET)
	conn, err := nftables.New()
	g.Expect(err).NotTo(HaveOccurred())
	table := conn.AddTable(&nftables.Table{Name: "filter", Family: nftables.TableFamilyINet})
	drop := nftables.ChainPolicyDrop
	conn.AddChain(&nftables.Chain{
		Name: "input", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookInput, Priority: nftables.ChainPriorityFilter, Policy: &drop,
	})
	g.Expect(f).To(nstest.Reach("127.0.0.1"))
	g.Expect(conn.Flush()).To(Succeed())
	g.Expect(f).NotTo(nstest.ReachWithin(100*time.Millisecond, "127.0.0.1"))
}
