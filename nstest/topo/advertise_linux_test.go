// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/mdlayher/ndp"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"golang.org/x/net/ipv6"
)

// Who solicits an advertisement is answered, and nobody else: the answer goes to its address.
func TestARouterAnswersSolicitations(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	r, h := n.Router("r", topo.Advertise()), n.Host("h")
	n.Link(h, r, topo.MTU(1400), topo.Subnet("2001:db8::/64", "2001:db8:0:1::/80"))
	n.Up()

	var socket net.PacketConn
	h.Do(func() {
		var err error
		socket, err = net.ListenPacket("ip6:ipv6-icmp", "::")
		g.Expect(err).NotTo(HaveOccurred())
	})
	defer socket.Close()
	g.Expect(socket.SetReadDeadline(time.Now().Add(20 * time.Second))).To(Succeed())
	conn := ipv6.NewPacketConn(socket)
	g.Expect(conn.SetControlMessage(ipv6.FlagDst|ipv6.FlagHopLimit|ipv6.FlagSrc, true)).To(Succeed())
	eth0 := h.Netlink()
	link, err := eth0.LinkByName("eth0")
	g.Expect(err).NotTo(HaveOccurred())
	solicitation, err := ndp.MarshalMessage(&ndp.RouterSolicitation{})
	g.Expect(err).NotTo(HaveOccurred())
	control := &ipv6.ControlMessage{IfIndex: link.Attrs().Index, HopLimit: ndp.HopLimit}
	_, err = conn.WriteTo(solicitation, control, &net.IPAddr{IP: net.IPv6linklocalallrouters})
	g.Expect(err).NotTo(HaveOccurred())

	buffer := make([]byte, 1500)
	for {
		size, control, from, err := conn.ReadFrom(buffer)
		g.Expect(err).NotTo(HaveOccurred())
		message, err := ndp.ParseMessage(buffer[:size])
		g.Expect(err).NotTo(HaveOccurred())
		advertisement, is := message.(*ndp.RouterAdvertisement)
		if !is || control.Dst.IsMulticast() {
			continue // neighbour discovery, or what all get
		}
		g.Expect(from.(*net.IPAddr).IP.IsLinkLocalUnicast()).To(BeTrue(), "RFC 4861, 6.1.2")
		g.Expect(control.HopLimit).To(Equal(ndp.HopLimit))
		g.Expect(advertisement.RouterLifetime).To(BeNumerically(">", time.Minute))
		autoconfigured := make(map[netip.Prefix]bool)
		for _, option := range advertisement.Options {
			switch o := option.(type) {
			case *ndp.MTU:
				g.Expect(o.MTU).To(BeEquivalentTo(1400))
			case *ndp.PrefixInformation:
				g.Expect(o.OnLink).To(BeTrue())
				autoconfigured[netip.PrefixFrom(o.Prefix, int(o.PrefixLength))] = o.AutonomousAddressConfiguration
			}
		}
		g.Expect(autoconfigured).To(Equal(map[netip.Prefix]bool{
			netip.MustParsePrefix("2001:db8::/64"): true, netip.MustParsePrefix("2001:db8:0:1::/80"): false,
		}))
		return
	}
}
