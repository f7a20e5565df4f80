// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/net/ipv4"
)

// The ports of DHCPv4 (RFC 2131, 4.1).
const (
	server4 = 67
	client4 = 68
)

// ask4 gets leases for those ends that are to have IPv4 addresses.
func (n *node) ask4(ends []*end, deadline time.Time) (leases map[*end]lease4, err error) {
	ends = slices.DeleteFunc(slices.Clone(ends), func(e *end) bool { return !slices.Contains(e.awaited(), IPv4) })
	if len(ends) == 0 {
		return nil, nil
	}
	socket, err := n.listenPacket("udp4", fmt.Sprintf(":%d", client4))
	if err != nil {
		return nil, fmt.Errorf("DHCPv4: %w", err)
	}
	defer func() { err = errors.Join(err, socket.Close()) }()
	conn := ipv4.NewPacketConn(socket)
	if err := conn.SetControlMessage(ipv4.FlagInterface, true); err != nil {
		return nil, fmt.Errorf("DHCPv4: %w", err)
	}
	leases = make(map[*end]lease4)
	var errs []error
	for _, e := range ends {
		c := &dhcp4Client{end: e, conn: conn, deadline: deadline}
		lease, err := c.lease()
		if err != nil {
			errs = append(errs, fmt.Errorf("no IPv4 address for %s (link %v): %w", e.name, e.link, err))
			continue
		}
		leases[e] = lease
	}
	return leases, errors.Join(errs...)
}

// A dhcp4Client asks for an address on one link.
type dhcp4Client struct {
	end      *end
	conn     *ipv4.PacketConn
	deadline time.Time
}

// lease asks who offers an address, and takes the first one (RFC 2131, 3.1).
func (c *dhcp4Client) lease() (lease4, error) {
	discover, err := dhcpv4.NewDiscovery(c.end.mac, dhcpv4.WithBroadcast(true), c.says)
	if err != nil {
		return lease4{}, err
	}
	offer, err := c.exchange(discover, dhcpv4.MessageTypeOffer)
	if err != nil {
		return lease4{}, err
	}
	request, err := dhcpv4.NewRequestFromOffer(offer, dhcpv4.WithBroadcast(true), c.says)
	if err != nil {
		return lease4{}, err
	}
	answer, err := c.exchange(request, dhcpv4.MessageTypeAck, dhcpv4.MessageTypeNak)
	if err != nil {
		return lease4{}, err
	}
	if answer.MessageType() == dhcpv4.MessageTypeNak {
		return lease4{}, fmt.Errorf("the DHCPv4 server %v has offered %v, and refuses it: %s", answer.ServerIdentifier(), offer.YourIPAddr, answer.Message())
	}
	address, ok := netip.AddrFromSlice(answer.YourIPAddr.To4())
	bits, _ := answer.SubnetMask().Size()
	if !ok || bits == 0 {
		return lease4{}, fmt.Errorf("the DHCPv4 server %v gives %v with the mask %v, which is no address", answer.ServerIdentifier(), answer.YourIPAddr, answer.SubnetMask())
	}
	lease := lease4{address: netip.PrefixFrom(address, bits)}
	for _, ip := range answer.Router() {
		if router, ok := netip.AddrFromSlice(ip.To4()); ok {
			lease.routers = append(lease.routers, router)
		}
	}
	return lease, nil
}

// says adds what a host says of itself. Servers that give names, too, go by it (RFC 2132, 3.14).
func (c *dhcp4Client) says(m *dhcpv4.DHCPv4) {
	m.UpdateOption(dhcpv4.OptHostName(c.end.node.name))
	m.UpdateOption(dhcpv4.OptClientIdentifier(append([]byte{byte(m.HWType)}, m.ClientHWAddr...)))
}

// exchange sends a message until it is answered by one of those types.
func (c *dhcp4Client) exchange(m *dhcpv4.DHCPv4, types ...dhcpv4.MessageType) (*dhcpv4.DHCPv4, error) {
	control := &ipv4.ControlMessage{IfIndex: c.end.index}
	to := &net.UDPAddr{IP: net.IPv4bcast, Port: server4}
	answer, times, err := ask(c.deadline, func() error {
		_, err := c.conn.WriteTo(m.ToBytes(), control, to)
		return err
	}, func(until time.Time) (*dhcpv4.DHCPv4, error) { return c.receive(m, until, types) })
	if errors.Is(err, os.ErrDeadlineExceeded) {
		none := fmt.Errorf("no DHCPv4 %v has come, after %d times %v%s", types[0], times, m.MessageType(), c.end.without4())
		return nil, errors.Join(append([]error{none, err}, c.end.failures4()...)...)
	}
	return answer, err
}

// without4 says that there is no server at the end's link, if it knows of none.
func (e *end) without4() string {
	if len(e.servers(leases4)) > 0 {
		return ""
	}
	return "; no node of the network is a DHCPv4 server there: topo.DHCP4 makes a router or host one; " + programsFirst
}

// receive returns the answer to a message.
func (c *dhcp4Client) receive(m *dhcpv4.DHCPv4, until time.Time, types []dhcpv4.MessageType) (*dhcpv4.DHCPv4, error) {
	if err := c.conn.SetReadDeadline(until); err != nil {
		return nil, err
	}
	var answer *dhcpv4.DHCPv4
	err := readMessages(read4(c.conn), dhcpv4.FromBytes, func(got *dhcpv4.DHCPv4, index int, _ net.Addr) bool {
		if index == c.end.index && got.OpCode == dhcpv4.OpcodeBootReply && got.TransactionID == m.TransactionID &&
			slices.Contains(types, got.MessageType()) {
			answer = got
		}
		return answer != nil
	})
	return answer, err
}
