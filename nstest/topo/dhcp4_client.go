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
	conn, err := n.listen4("")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
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

// listen4 makes the socket of a client: on one device, or on all of the node's.
func (n *node) listen4(device string) (*ipv4.PacketConn, error) {
	socket, err := n.listenShared("udp4", fmt.Sprintf(":%d", client4), device)
	if err != nil {
		return nil, fmt.Errorf("DHCPv4: %w", err)
	}
	conn := ipv4.NewPacketConn(socket)
	if err := conn.SetControlMessage(ipv4.FlagInterface, true); err != nil {
		return nil, fmt.Errorf("DHCPv4: %w", errors.Join(err, socket.Close()))
	}
	return conn, nil
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
	offer, err := c.exchange(discover, broadcast4, dhcpv4.MessageTypeOffer)
	if err != nil {
		return lease4{}, err
	}
	request, err := dhcpv4.NewRequestFromOffer(offer, dhcpv4.WithBroadcast(true), c.says)
	if err != nil {
		return lease4{}, err
	}
	lease, err := c.request(request, broadcast4)
	if errors.Is(err, errRefused) {
		err = fmt.Errorf("%v was offered: %w", offer.YourIPAddr, err)
	}
	return lease, err
}

// broadcast4 is all servers at the link.
var broadcast4 = &net.UDPAddr{IP: net.IPv4bcast, Port: server4}

// renew asks the server of a lease to renew it, or any server (RFC 2131, 4.4.5).
func (c *dhcp4Client) renew(lease lease4, any bool) (lease4, error) {
	id, err := dhcpv4.GenerateTransactionID()
	if err != nil {
		return lease4{}, err
	}
	request, err := dhcpv4.NewRenewFromAck(lease.ack, c.says, dhcpv4.WithTransactionID(id))
	if err != nil {
		return lease4{}, err
	}
	to := &net.UDPAddr{IP: lease.ack.ServerIdentifier(), Port: server4}
	if any || to.IP == nil {
		to = broadcast4
	}
	return c.request(request, to)
}

// request asks for an address that was offered or leased.
func (c *dhcp4Client) request(request *dhcpv4.DHCPv4, to *net.UDPAddr) (lease4, error) {
	from := time.Now()
	answer, err := c.exchange(request, to, dhcpv4.MessageTypeAck, dhcpv4.MessageTypeNak)
	if err != nil {
		return lease4{}, err
	}
	if answer.MessageType() == dhcpv4.MessageTypeNak {
		return lease4{}, fmt.Errorf("%w: the DHCPv4 server %v says %q", errRefused, answer.ServerIdentifier(), answer.Message())
	}
	return leaseOf4(answer, from)
}

// leaseOf4 reads what a server gives.
func leaseOf4(answer *dhcpv4.DHCPv4, from time.Time) (lease4, error) {
	address, ok := netip.AddrFromSlice(answer.YourIPAddr.To4())
	bits, _ := answer.SubnetMask().Size()
	if !ok || bits == 0 {
		return lease4{}, fmt.Errorf("the DHCPv4 server %v gives %v with the mask %v, which is no address", answer.ServerIdentifier(), answer.YourIPAddr, answer.SubnetMask())
	}
	const usualRebind = 0.875
	length := answer.IPAddressLeaseTime(usualLease)
	lease := lease4{address: netip.PrefixFrom(address, bits), ack: answer,
		term: newTerm(from, answer.IPAddressRenewalTime(0), answer.IPAddressRebindingTime(0), length, usualRebind)}
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
func (c *dhcp4Client) exchange(m *dhcpv4.DHCPv4, to *net.UDPAddr, types ...dhcpv4.MessageType) (*dhcpv4.DHCPv4, error) {
	control := &ipv4.ControlMessage{IfIndex: c.end.index}
	answer, times, err := ask(c.deadline, func() error {
		_, err := c.conn.WriteTo(m.ToBytes(), control, to)
		return err
	}, func(until time.Time) (*dhcpv4.DHCPv4, error) { return c.receive(m, until, types) })
	if errors.Is(err, os.ErrDeadlineExceeded) {
		none := fmt.Errorf("no DHCPv4 %v has come, after %d times %v%s", types[0], times, m.MessageType(), c.end.without4(m))
		return nil, errors.Join(append([]error{none, err}, c.end.failures4()...)...)
	}
	return answer, err
}

// without4 says of a message to nobody that there is no server at the end's link, if it knows of none.
func (e *end) without4(m *dhcpv4.DHCPv4) string {
	if m.MessageType() != dhcpv4.MessageTypeDiscover || len(e.servers(leases4)) > 0 {
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
