// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"golang.org/x/net/ipv4"
)

// A clientMessage is a message that a scripted DHCPv4 server awaits, and what it answers.
type clientMessage struct {
	what    string // the type of the message, and how it is sent
	address string // that is asked for
	answer  dhcpv4.MessageType
	offered string               // the address that is given
	terms   [3]time.Duration     // T1, T2, and the length of the lease
	before  func(*dhcpv4.DHCPv4) // what is to be true when it comes, nil for nothing
}

// A scriptedServer is a DHCPv4 server of which each answer is planned.
type scriptedServer struct {
	t    *testing.T
	own  net.IP
	conn *ipv4.PacketConn
	done chan struct{}
}

// run goes through the messages. A client may send one again before it has the answer.
func (s *scriptedServer) run(script []clientMessage) {
	defer close(s.done)
	var last dhcpv4.TransactionID
	var repeat string
	for at := -1; at < len(script)-1; {
		buffer := make([]byte, 1500)
		size, control, _, err := s.conn.ReadFrom(buffer)
		if err != nil {
			s.t.Errorf("after %d messages: %v", at+1, err)
			return
		}
		m, err := dhcpv4.FromBytes(buffer[:size])
		if err != nil {
			s.t.Error(err)
			return
		}
		what, address := describe(m, control)
		if m.TransactionID != last || what != repeat {
			at++
			if m := script[at]; what != m.what || address != m.address {
				s.t.Errorf("message %d is %s %s, want %s %s", at, what, address, m.what, m.address)
				return
			}
			if script[at].before != nil {
				script[at].before(m)
			}
		}
		last, repeat = m.TransactionID, what
		if err := s.answer(m, script[at], control.IfIndex); err != nil {
			s.t.Error(err)
		}
	}
}

// describe says what a client sends and how, and which address it asks for.
func describe(m *dhcpv4.DHCPv4, control *ipv4.ControlMessage) (what, address string) {
	what = m.MessageType().String()
	if control.Dst.Equal(net.IPv4bcast) {
		what += " to all"
	}
	if m.ServerIdentifier() != nil {
		what += " of a server"
	}
	if wanted := m.RequestedIPAddress(); wanted != nil {
		return what, wanted.String()
	}
	return what, m.ClientIPAddr.String()
}

func (s *scriptedServer) answer(m *dhcpv4.DHCPv4, plan clientMessage, index int) error {
	if plan.answer == dhcpv4.MessageTypeNone {
		return nil
	}
	seconds := func(code dhcpv4.OptionCode, d time.Duration) dhcpv4.Modifier {
		return dhcpv4.WithOption(dhcpv4.Option{Code: code, Value: dhcpv4.Duration(d)})
	}
	reply, err := dhcpv4.NewReplyFromRequest(m, dhcpv4.WithMessageType(plan.answer), dhcpv4.WithServerIP(s.own),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(s.own)), dhcpv4.WithNetmask(net.CIDRMask(24, 32)), dhcpv4.WithYourIP(net.ParseIP(plan.offered)),
		dhcpv4.WithRouter(s.own), seconds(dhcpv4.OptionRenewTimeValue, plan.terms[0]), seconds(dhcpv4.OptionRebindingTimeValue, plan.terms[1]),
		seconds(dhcpv4.OptionIPAddressLeaseTime, plan.terms[2]))
	if err != nil {
		return err
	}
	to := net.IPv4bcast
	if !m.ClientIPAddr.IsUnspecified() && plan.answer != dhcpv4.MessageTypeNak {
		to = m.ClientIPAddr
	}
	_, err = s.conn.WriteTo(reply.ToBytes(), &ipv4.ControlMessage{IfIndex: index}, &net.UDPAddr{IP: to, Port: 68})
	return err
}

// A host renews its lease, first with its server and then with any; loses the address with the lease, and when it is refused; and
// asks for another one each time.
func TestALeaseIsRenewedAndRunsOut(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	log := logOf(t, func(tb testing.TB) {
		n := topo.New(tb)
		h, server := n.Host("h", topo.Dynamic(topo.IPv4)), n.Host("server")
		n.Link(h, server, topo.Address(server, "192.0.2.1/24"))
		s := &scriptedServer{t, net.IPv4(192, 0, 2, 1), ipv4.NewPacketConn(server.ListenPacket("udp4", ":67")), make(chan struct{})}
		g.Expect(s.conn.SetReadDeadline(time.Now().Add(time.Minute))).To(Succeed())
		g.Expect(s.conn.SetControlMessage(ipv4.FlagInterface|ipv4.FlagDst, true)).To(Succeed())
		gone := func(*dhcpv4.DHCPv4) {
			if now := addresses4(t, h); now != "" || len(h.Addrs()) > 0 {
				t.Errorf("the host asks anew, and has %s and %v", now, h.Addrs())
			}
			if text := fileOf(t, h, "/etc/hosts"); strings.Contains(text, " h\n") {
				t.Errorf("the host has no address, and a name: %s", text)
			}
		}
		const s1, s2, s3, long = time.Second, 2 * time.Second, 3 * time.Second, time.Minute
		go s.run([]clientMessage{
			{"DISCOVER to all", "0.0.0.0", dhcpv4.MessageTypeOffer, "192.0.2.7", [3]time.Duration{}, nil},
			{"REQUEST to all of a server", "192.0.2.7", dhcpv4.MessageTypeAck, "192.0.2.7", [3]time.Duration{s1, long, 2 * long}, nil},
			{"REQUEST", "192.0.2.7", dhcpv4.MessageTypeAck, "192.0.2.7", [3]time.Duration{s1, s2, 2 * long}, nil},
			{"REQUEST", "192.0.2.7", dhcpv4.MessageTypeNone, "", [3]time.Duration{}, nil},
			{"REQUEST to all", "192.0.2.7", dhcpv4.MessageTypeAck, "192.0.2.7", [3]time.Duration{s1, s2, s3}, nil},
			{"REQUEST", "192.0.2.7", dhcpv4.MessageTypeNone, "", [3]time.Duration{}, nil},
			{"REQUEST to all", "192.0.2.7", dhcpv4.MessageTypeNone, "", [3]time.Duration{}, nil},
			{"DISCOVER to all", "0.0.0.0", dhcpv4.MessageTypeOffer, "192.0.2.8", [3]time.Duration{}, gone},
			{"REQUEST to all of a server", "192.0.2.8", dhcpv4.MessageTypeAck, "192.0.2.8", [3]time.Duration{s1, long, 2 * long}, nil},
			{"REQUEST", "192.0.2.8", dhcpv4.MessageTypeNak, "", [3]time.Duration{}, nil},
			{"DISCOVER to all", "0.0.0.0", dhcpv4.MessageTypeOffer, "192.0.2.9", [3]time.Duration{}, gone},
			{"REQUEST to all of a server", "192.0.2.9", dhcpv4.MessageTypeAck, "192.0.2.9", [3]time.Duration{long, 2 * long, 3 * long}, nil},
		})
		n.Up()
		<-s.done
		if t.Failed() {
			return
		}
		g.Eventually(h.Addrs, 20*time.Second).Should(Equal([]netip.Addr{netip.MustParseAddr("192.0.2.9")}))
		g.Expect(addresses4(t, h)).To(Equal("192.0.2.9/24"))
		g.Expect(fileOf(t, h, "/etc/hosts")).To(ContainSubstring("192.0.2.9 h\n"))
		g.Expect(next(g, &topo.Router{Host: *h}, "203.0.113.1").String()).To(Equal("192.0.2.1"), "the route of the lease")
	})
	g.Expect(strings.Join(log, "\n")).To(And(
		ContainSubstring("h has lost 192.0.2.7 on h-server: nobody has renewed it within its 3s: no DHCPv4 ACK has come, after 1 times REQUEST"),
		ContainSubstring("h has got 192.0.2.8 on h-server\n"),
		ContainSubstring(`h has lost 192.0.2.8 on h-server: the server refuses: the DHCPv4 server 192.0.2.1 says ""`),
		ContainSubstring("h has got 192.0.2.9 on h-server\n")))
}

// addresses4 lists what the kernel has, but for lo.
func addresses4(t *testing.T, h *topo.Host) string {
	t.Helper()
	var list []string
	h.Do(func() {
		all, err := net.InterfaceAddrs()
		if err != nil {
			t.Error(err)
		}
		for _, a := range all {
			if p := netip.MustParsePrefix(a.String()); p.Addr().Is4() && !p.Addr().IsLoopback() {
				list = append(list, p.String())
			}
		}
	})
	return strings.Join(list, " ")
}

func fileOf(t *testing.T, h *topo.Host, path string) (text string) {
	t.Helper()
	h.Do(func() {
		bytes, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		text = string(bytes)
	})
	return text
}

// Hosts and routers renew their leases with the servers of the network, lose them while these are cut off, and get them again.
func TestLeasesOfTheNetworksServersAreRenewed(t *testing.T) {
	t.Parallel()
	nstest.RequireFeatures(t, "nftables")
	g := NewWithT(t)
	n := topo.New(t)
	isp := n.Router("isp", topo.DHCP4(), topo.DHCP6(), topo.LeaseTime(4*time.Second))
	home, h, laptop := n.Router("home", topo.Dynamic(), topo.Advertise()), n.Host("h", topo.Dynamic()), n.Host("laptop", topo.Dynamic(topo.IPv6))
	n.Link(home, isp)
	n.Link(h, isp)
	n.Link(home, laptop)
	n.Up()
	before, atHome, delegated := fmt.Sprint(h.Addrs()), fmt.Sprint(home.Addrs()), home.Delegated()
	g.Expect(h.Addrs()).To(HaveLen(2))
	first4, first6 := topo.LeasedFrom(h)
	g.Eventually(func() bool {
		now4, now6 := topo.LeasedFrom(h)
		return now4.After(first4) && now6.After(first6)
	}, 20*time.Second).Should(BeTrue(), "both leases are renewed")
	g.Expect(fmt.Sprint(h.Addrs())).To(Equal(before))

	n.Isolate(isp)
	g.Eventually(h.Addrs, 20*time.Second).Should(BeEmpty())
	g.Eventually(home.Delegated, 20*time.Second).Should(BeZero())
	g.Eventually(home.Addrs, 20*time.Second).Should(HaveLen(1), "the IPv4 address of its other link")
	n.Heal()
	g.Eventually(func() string { return fmt.Sprint(h.Addrs()) }, 20*time.Second).Should(Equal(before))
	g.Eventually(func() string { return fmt.Sprint(home.Addrs()) }, 20*time.Second).Should(Equal(atHome))
	g.Eventually(home.Delegated, 20*time.Second).Should(Equal(delegated))
	for _, address := range h.Addrs() {
		g.Expect(reach(t, &isp.Host, h, address)).To(Succeed())
	}
	g.Expect(reach(t, h, laptop, laptop.Addr6())).To(Succeed())
}
