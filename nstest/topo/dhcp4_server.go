// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/net/ipv4"
)

// A dhcp4Server is the DHCPv4 server of a node.
type dhcp4Server struct {
	node   *node
	socket net.PacketConn
	conn   *ipv4.PacketConn
	pools  map[int]*pool4 // by the index of the interface
	last   lastError
}

// A pool4 has the addresses of one link, by the hardware address of the client.
type pool4 struct {
	dhcpPool
	own     netip.Addr // the server's
	routers []net.IP
}

// serve4 has the node be a DHCPv4 server.
func (n *node) serve4() error {
	socket, err := n.listenPacket("udp4", fmt.Sprintf(":%d", server4))
	if err != nil {
		return fmt.Errorf("DHCPv4 server: %w", err)
	}
	s := &dhcp4Server{node: n, socket: socket, conn: ipv4.NewPacketConn(socket), pools: make(map[int]*pool4)}
	if err := s.conn.SetControlMessage(ipv4.FlagInterface, true); err != nil {
		return fmt.Errorf("DHCPv4 server: %w", errors.Join(err, socket.Close()))
	}
	for _, e := range n.ends {
		if own, has := e.address(IPv4); has && !e.asks() {
			s.pools[e.index] = newPool4(e, own)
			s.pools[e.index].findRouters()
		}
	}
	n.dhcp4 = s
	n.network.services.serve("DHCPv4 server of "+n.name, socket, s.run)
	return nil
}

// newPool4 has the addresses of that subnet of the link which the server is in.
func newPool4(e *end, own netip.Addr) *pool4 {
	subnet := e.segment.of(IPv4)[0]
	for _, s := range e.segment.of(IPv4) {
		if s.Contains(own) {
			subnet = s
		}
	}
	return &pool4{dhcpPool: newDHCPPool(e, subnet, func(port *end) string { return string(port.mac) }), own: own}
}

func (s *dhcp4Server) run() error {
	return readMessages(read4(s.conn), dhcpv4.FromBytes, func(request *dhcpv4.DHCPv4, index int, from net.Addr) bool {
		if p := s.pools[index]; p != nil && request.OpCode == dhcpv4.OpcodeBootRequest {
			s.last.of(func() error { return s.answer(p, request, from) })
		}
		return false
	})
}

// answer answers a message of a client, if there is something to say (RFC 2131, 4.3).
func (s *dhcp4Server) answer(p *pool4, request *dhcpv4.DHCPv4, from net.Addr) error {
	if server := request.ServerIdentifier(); server != nil && !server.Equal(p.own.AsSlice()) {
		return nil // it takes another one's offer
	}
	reply, err := dhcpv4.NewReplyFromRequest(request, dhcpv4.WithServerIP(p.own.AsSlice()),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(p.own.AsSlice())))
	if err != nil {
		return err
	}
	address := p.address(string(request.ClientHWAddr))
	switch request.MessageType() {
	case dhcpv4.MessageTypeDiscover:
		if !address.IsValid() {
			return fmt.Errorf("%v has no address left for %v", p.subnet, request.ClientHWAddr)
		}
		reply.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeOffer))
	case dhcpv4.MessageTypeRequest:
		wanted := request.RequestedIPAddress()
		if wanted == nil {
			wanted = request.ClientIPAddr
		}
		if !address.IsValid() || !wanted.Equal(address.AsSlice()) {
			reply.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeNak))
			reply.UpdateOption(dhcpv4.OptMessage(fmt.Sprintf("%v is not yours", wanted)))
			return s.send(p, reply, &net.UDPAddr{IP: net.IPv4bcast, Port: client4})
		}
		reply.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeAck))
	case dhcpv4.MessageTypeInform:
		reply.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeAck))
		p.describe(reply)
		return s.send(p, reply, from)
	default:
		return nil
	}
	reply.YourIPAddr = address.AsSlice()
	reply.UpdateOption(dhcpv4.OptIPAddressLeaseTime(s.node.config.lease()))
	p.describe(reply)
	to := &net.UDPAddr{IP: net.IPv4bcast, Port: client4} // it has no address yet
	if !request.ClientIPAddr.IsUnspecified() {
		to.IP = request.ClientIPAddr
	}
	return s.send(p, reply, to)
}

// describe adds what the link is like.
func (p *pool4) describe(m *dhcpv4.DHCPv4) {
	m.UpdateOption(dhcpv4.OptSubnetMask(net.CIDRMask(p.subnet.Bits(), 32)))
	if len(p.routers) > 0 {
		m.UpdateOption(dhcpv4.OptRouter(p.routers...))
	}
}

// findRouters notes the routers of the link. Servers do so before they answer: later, routers may be about to learn which
// addresses they have.
func (p *pool4) findRouters() {
	for _, r := range p.end.segment.routers {
		if a, has := r.address(IPv4); has && !r.asks() && p.subnet.Contains(a) {
			p.routers = append(p.routers, a.AsSlice())
		}
	}
	if p.end.node.kind == isRouter { // it names itself first
		slices.SortStableFunc(p.routers, func(a, b net.IP) int {
			switch own := net.IP(p.own.AsSlice()); {
			case a.Equal(own):
				return -1
			case b.Equal(own):
				return 1
			}
			return 0
		})
	}
}

func (s *dhcp4Server) send(p *pool4, m *dhcpv4.DHCPv4, to net.Addr) error {
	control := &ipv4.ControlMessage{IfIndex: p.end.index, Src: p.own.AsSlice()}
	if _, err := s.conn.WriteTo(m.ToBytes(), control, to); err != nil {
		return fmt.Errorf("DHCPv4 server of %s on %s: %w", s.node.name, p.end.name, err)
	}
	return nil
}

// failures4 returns what the DHCPv4 servers at an end have failed in last.
func (e *end) failures4() (errs []error) {
	for _, p := range e.servers(leases4) {
		errs = append(errs, p.node.servers.dhcp4.last.get())
	}
	return errs
}
