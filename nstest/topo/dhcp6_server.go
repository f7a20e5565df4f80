// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"
	"golang.org/x/net/ipv6"
)

// A dhcp6Server is the DHCPv6 server of a router.
type dhcp6Server struct {
	node  *node
	conn  *ipv6.PacketConn
	duid  dhcpv6.DUID
	pools map[int]*pool6 // by the index of the interface
	// route has the node's packets to a network that was delegated go to whom it was delegated to.
	route func(to netip.Prefix, via netip.Addr, e *end) error
	last  lastError
}

// A pool6 has the addresses of one link, and the networks that were delegated over it, by clientKey.
type pool6 struct {
	dhcpPool
	prefixOf map[string]netip.Prefix
}

// serve6 has the node be a DHCPv6 server.
func (n *node) serve6(route func(netip.Prefix, netip.Addr, *end) error) error {
	socket, err := n.listenPacket("udp6", fmt.Sprintf("[::]:%d", server6))
	if err != nil {
		return fmt.Errorf("DHCPv6 server: %w", err)
	}
	s := &dhcp6Server{node: n, conn: ipv6.NewPacketConn(socket), duid: n.duid(), pools: make(map[int]*pool6), route: route}
	err = s.conn.SetControlMessage(ipv6.FlagInterface, true)
	for _, e := range n.ends {
		if e.asks() || len(e.segment.of(IPv6)) == 0 {
			continue
		}
		s.pools[e.index] = newPool6(e)
		group := &net.UDPAddr{IP: dhcpv6.AllDHCPRelayAgentsAndServers}
		err = errors.Join(err, s.conn.JoinGroup(&net.Interface{Index: e.index}, group))
	}
	if err != nil {
		return fmt.Errorf("DHCPv6 server: %w", errors.Join(err, socket.Close()))
	}
	n.servers.dhcp6 = s
	n.network.services.serve("DHCPv6 server of "+n.name, socket, s.run)
	return nil
}

// newPool6 has the addresses of the link, and the networks that are to be delegated to routers at it.
func newPool6(e *end) *pool6 {
	client := func(port *end) string { return clientKey(port.node.duid(), port.iaid()) }
	p := &pool6{dhcpPool: newDHCPPool(e, e.segment.of(IPv6)[0], client), prefixOf: make(map[string]netip.Prefix)}
	for _, port := range e.segment.ports {
		if port.asks() && e.node.delegation != nil && e.node.delegation.pool.Overlaps(port.node.planned) {
			p.prefixOf[client(port)] = port.node.planned
		}
	}
	return p
}

func clientKey(duid dhcpv6.DUID, iaid [4]byte) string {
	return string(append(duid.ToBytes(), iaid[:]...))
}

// prefix returns the network that is delegated to a client. It is not valid if none is left, or none is
// delegated.
func (p *pool6) prefix(client string) netip.Prefix {
	if known, has := p.prefixOf[client]; has || p.end.node.delegation == nil {
		return known
	}
	taken := p.end.node.delegation.take()
	if taken.IsValid() {
		p.prefixOf[client] = taken
	}
	return taken
}

func (s *dhcp6Server) run() error {
	return readMessages(read6(s.conn), dhcpv6.MessageFromBytes, func(request *dhcpv6.Message, index int, from net.Addr) bool {
		if p := s.pools[index]; p != nil && request.Options.ClientID() != nil {
			s.last.of(func() error { return s.answer(p, request, from.(*net.UDPAddr)) })
		}
		return false
	})
}

// answer answers a message of a client, if there is something to say (RFC 9915, 18.3).
func (s *dhcp6Server) answer(p *pool6, request *dhcpv6.Message, from *net.UDPAddr) error {
	if id := request.Options.ServerID(); id != nil && !id.Equal(s.duid) {
		return nil // it takes another one's offer
	}
	reply := &dhcpv6.Message{MessageType: dhcpv6.MessageTypeReply, TransactionID: request.TransactionID}
	reply.AddOption(dhcpv6.OptClientID(request.Options.ClientID()))
	reply.AddOption(dhcpv6.OptServerID(s.duid))
	switch request.MessageType {
	case dhcpv6.MessageTypeSolicit:
		reply.MessageType = dhcpv6.MessageTypeAdvertise
		s.give(p, request, reply)
	case dhcpv6.MessageTypeRequest, dhcpv6.MessageTypeRenew, dhcpv6.MessageTypeRebind:
		via, _ := netip.AddrFromSlice(from.IP)
		for _, prefix := range s.give(p, request, reply) {
			if err := s.route(prefix, via, p.end); err != nil {
				return fmt.Errorf("DHCPv6 server of %s: %w", s.node.name, err)
			}
		}
	case dhcpv6.MessageTypeConfirm, dhcpv6.MessageTypeRelease, dhcpv6.MessageTypeDecline:
		reply.AddOption(&dhcpv6.OptStatusCode{StatusCode: iana.StatusSuccess})
	case dhcpv6.MessageTypeInformationRequest:
	default:
		return nil
	}
	control := &ipv6.ControlMessage{IfIndex: p.end.index}
	if _, err := s.conn.WriteTo(reply.ToBytes(), control, from); err != nil {
		return fmt.Errorf("DHCPv6 server of %s on %s: %w", s.node.name, p.end.name, err)
	}
	return nil
}

// give adds what the client asks for, and returns the networks that are delegated to it.
func (s *dhcp6Server) give(p *pool6, request, reply *dhcpv6.Message) (delegated []netip.Prefix) {
	leaseTime := s.node.config.lease()
	renew, rebind := leaseTime/2, leaseTime*4/5
	if leaseTime < 10*time.Second { // which are no whole seconds: 0 leaves them to the client
		renew, rebind = 0, 0
	}
	for _, ia := range request.Options.IANA() {
		answer := &dhcpv6.OptIANA{IaId: ia.IaId, T1: renew, T2: rebind}
		if address := p.address(clientKey(request.Options.ClientID(), ia.IaId)); address.IsValid() {
			answer.Options.Add(&dhcpv6.OptIAAddress{IPv6Addr: address.AsSlice(), PreferredLifetime: leaseTime, ValidLifetime: leaseTime})
		} else {
			answer.Options.Add(&dhcpv6.OptStatusCode{StatusCode: iana.StatusNoAddrsAvail, StatusMessage: p.subnet.String() + " has no address left"})
		}
		reply.AddOption(answer)
	}
	for _, ia := range request.Options.IAPD() {
		answer := &dhcpv6.OptIAPD{IaId: ia.IaId, T1: renew, T2: rebind}
		if prefix := p.prefix(clientKey(request.Options.ClientID(), ia.IaId)); prefix.IsValid() {
			delegated = append(delegated, prefix)
			answer.Options.Add(&dhcpv6.OptIAPrefix{PreferredLifetime: leaseTime, ValidLifetime: leaseTime,
				Prefix: &net.IPNet{IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), 128)}})
		} else {
			answer.Options.Add(&dhcpv6.OptStatusCode{StatusCode: iana.StatusNoPrefixAvail, StatusMessage: "no network is left to delegate"})
		}
		reply.AddOption(answer)
	}
	return delegated
}

// failures6 returns what the DHCPv6 servers at an end have failed in last.
func (e *end) failures6() (errs []error) {
	for _, p := range e.servers(leases6) {
		errs = append(errs, p.node.servers.dhcp6.last.get())
	}
	return errs
}
