// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"
	"golang.org/x/net/ipv6"
)

// The ports of DHCPv6 (RFC 9915, 7.2).
const (
	client6 = 546
	server6 = 547
)

// A dhcp6Client asks for an address on one link, and if it is a router's for a network to be delegated.
type dhcp6Client struct {
	end      *end
	from     netip.Addr // link-local
	conn     *ipv6.PacketConn
	deadline time.Time
}

// ask6 gets a lease for an end.
func (n *node) ask6(e *end, from netip.Addr, deadline time.Time) (lease lease6, err error) {
	conn, err := n.listen6("")
	if err != nil {
		return lease6{}, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	c := &dhcp6Client{end: e, from: from, conn: conn, deadline: deadline}
	return c.lease()
}

// listen6 makes the socket of a client: on one device, or on all of the node's.
func (n *node) listen6(device string) (*ipv6.PacketConn, error) {
	socket, err := n.listenShared("udp6", fmt.Sprintf("[::]:%d", client6), device)
	if err != nil {
		return nil, fmt.Errorf("DHCPv6: %w", err)
	}
	conn := ipv6.NewPacketConn(socket)
	if err := conn.SetControlMessage(ipv6.FlagInterface, true); err != nil {
		return nil, fmt.Errorf("DHCPv6: %w", errors.Join(err, socket.Close()))
	}
	return conn, nil
}

// duid identifies a node to servers (RFC 9915, 11.4).
func (n *node) duid() dhcpv6.DUID {
	return &dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: n.ends[0].mac}
}

// iaid tells a node's links apart (RFC 9915, 12).
func (e *end) iaid() [4]byte { return [4]byte(e.mac[2:]) }

// lease asks who offers an address, and takes the first one (RFC 9915, 18.2).
func (c *dhcp6Client) lease() (lease6, error) {
	solicit, err := dhcpv6.NewSolicit(c.end.mac, dhcpv6.WithClientID(c.end.node.duid()), dhcpv6.WithIAID(c.end.iaid()))
	if err != nil {
		return lease6{}, err
	}
	if c.end.node.kind == isRouter { // it does without, if it is refused
		dhcpv6.WithIAPD(c.end.iaid())(solicit)
	}
	offer, err := c.exchange(solicit, dhcpv6.MessageTypeAdvertise)
	if err != nil {
		return lease6{}, err
	}
	if _, err := leaseOf6(offer, time.Now()); err != nil {
		return lease6{}, err
	}
	request, err := dhcpv6.NewRequestFromAdvertise(offer)
	if err != nil {
		return lease6{}, err
	}
	return c.request(request)
}

// renew asks the server of a lease to renew it, or any server (RFC 9915, 18.2).
func (c *dhcp6Client) renew(lease lease6, any bool) (lease6, error) {
	m, err := dhcpv6.NewMessage(dhcpv6.WithClientID(c.end.node.duid()))
	if err != nil {
		return lease6{}, err
	}
	m.MessageType = dhcpv6.MessageTypeRebind
	if !any {
		m.MessageType = dhcpv6.MessageTypeRenew
		m.AddOption(dhcpv6.OptServerID(lease.reply.Options.ServerID()))
	}
	for _, ia := range lease.reply.Options.IANA() {
		m.AddOption(ia)
	}
	for _, ia := range lease.reply.Options.IAPD() {
		m.AddOption(ia)
	}
	return c.request(m)
}

// request asks for what was offered or leased.
func (c *dhcp6Client) request(m *dhcpv6.Message) (lease6, error) {
	from := time.Now()
	reply, err := c.exchange(m, dhcpv6.MessageTypeReply)
	if err != nil {
		return lease6{}, err
	}
	lease, err := leaseOf6(reply, from)
	lease.from = c.from
	return lease, err
}

// leaseOf6 reads what a server gives.
func leaseOf6(m *dhcpv6.Message, from time.Time) (lease lease6, err error) {
	refused := func(status *dhcpv6.OptStatusCode) {
		if status != nil && status.StatusCode != iana.StatusSuccess {
			err = errors.Join(err, fmt.Errorf("DHCPv6: %w: %v: %s", errRefused, status.StatusCode, status.StatusMessage))
		}
	}
	refused(m.Options.Status())
	if ia := m.Options.OneIANA(); ia != nil {
		refused(ia.Options.Status())
		if a := ia.Options.OneAddress(); a != nil {
			const usualRebind = 0.8
			lease.address, _ = netip.AddrFromSlice(a.IPv6Addr)
			lease.term = newTerm(from, ia.T1, ia.T2, a.ValidLifetime, usualRebind)
		}
	}
	if ia := m.Options.OneIAPD(); ia != nil {
		for _, p := range ia.Options.Prefixes() {
			bits, _ := p.Prefix.Mask.Size()
			address, _ := netip.AddrFromSlice(p.Prefix.IP.To16())
			lease.prefix = netip.PrefixFrom(address, bits)
		}
	}
	if err == nil && !lease.address.IsValid() {
		err = fmt.Errorf("DHCPv6: %w: it gives no address", errRefused)
	}
	lease.reply = m
	return lease, err
}

// exchange sends a message until it is answered by one of that type.
func (c *dhcp6Client) exchange(m *dhcpv6.Message, kind dhcpv6.MessageType) (*dhcpv6.Message, error) {
	control := &ipv6.ControlMessage{IfIndex: c.end.index, Src: c.from.AsSlice()}
	to := &net.UDPAddr{IP: dhcpv6.AllDHCPRelayAgentsAndServers, Port: server6}
	answer, times, err := ask(c.deadline, func() error {
		_, err := c.conn.WriteTo(m.ToBytes(), control, to)
		return err
	}, func(until time.Time) (*dhcpv6.Message, error) { return c.receive(m, until, kind) })
	if errors.Is(err, os.ErrDeadlineExceeded) {
		none := fmt.Errorf("no DHCPv6 %v has come, after %d times %v", kind, times, m.MessageType)
		return nil, errors.Join(append([]error{none, err}, c.end.failures6()...)...)
	}
	return answer, err
}

// receive returns the answer to a message.
func (c *dhcp6Client) receive(m *dhcpv6.Message, until time.Time, kind dhcpv6.MessageType) (*dhcpv6.Message, error) {
	if err := c.conn.SetReadDeadline(until); err != nil {
		return nil, err
	}
	var answer *dhcpv6.Message
	err := readMessages(read6(c.conn), dhcpv6.MessageFromBytes, func(got *dhcpv6.Message, index int, _ net.Addr) bool {
		if index == c.end.index && got.TransactionID == m.TransactionID && got.MessageType == kind {
			answer = got
		}
		return answer != nil
	})
	return answer, err
}
