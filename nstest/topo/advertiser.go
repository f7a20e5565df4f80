// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/mdlayher/ndp"
	"golang.org/x/net/ipv6"
)

// Times of router advertisements. Those between them may be 3 seconds at least (RFC 4861, 6.2.1).
const (
	advertiseEvery = 4 * time.Second
	routerLifetime = 30 * time.Minute
	prefixLifetime = 24 * time.Hour
)

// An advertiser sends the router advertisements of a router.
type advertiser struct {
	node   *node
	socket net.PacketConn
	conn   *ipv6.PacketConn

	mu   sync.Mutex
	ends map[int]*end // by the index of the interface
	from map[*end]netip.Addr
	err  error // of the last advertisement
}

// advertise has the router answer solicitations. It advertises nothing yet.
func (n *node) advertise() error {
	socket, err := n.listenPacket("ip6:ipv6-icmp", "::")
	if err != nil {
		return fmt.Errorf("router advertisements: %w", err)
	}
	a := &advertiser{node: n, socket: socket, conn: ipv6.NewPacketConn(socket), ends: make(map[int]*end), from: make(map[*end]netip.Addr)}
	var filter ipv6.ICMPFilter
	filter.SetAll(true)
	filter.Accept(ipv6.ICMPTypeRouterSolicitation)
	err = errors.Join(
		a.conn.SetICMPFilter(&filter),
		a.conn.SetControlMessage(ipv6.FlagInterface|ipv6.FlagHopLimit, true))
	if err != nil {
		return fmt.Errorf("router advertisements: %w", errors.Join(err, socket.Close()))
	}
	n.advertiser = a
	n.network.services.serve("router advertisements of "+n.name, socket, a.run)
	return nil
}

// begin has the router advertise itself on a link, from its link-local address, and does so at once.
func (a *advertiser) begin(e *end, from netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ends[e.index], a.from[e] = e, from
	a.send(e, netip.IPv6LinkLocalAllNodes())
}

// stop has the router advertise itself on a link no more.
func (a *advertiser) stop(e *end) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.ends, e.index)
}

// run answers solicitations, and advertises every now and then.
func (a *advertiser) run() error {
	next := time.Now().Add(advertiseEvery)
	buffer := make([]byte, 1500)
	for {
		if err := a.socket.SetReadDeadline(next); err != nil {
			return err
		}
		size, control, from, err := a.conn.ReadFrom(buffer)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			next = time.Now().Add(advertiseEvery)
			a.mu.Lock()
			for _, e := range a.ends {
				a.send(e, netip.IPv6LinkLocalAllNodes())
			}
			a.mu.Unlock()
		case err != nil:
			return err
		default:
			a.answer(buffer[:size], control, from)
		}
	}
}

// answer answers what is a solicitation of a neighbour (RFC 4861, 6.1.1).
func (a *advertiser) answer(packet []byte, control *ipv6.ControlMessage, from net.Addr) {
	message, err := ndp.ParseMessage(packet)
	if _, is := message.(*ndp.RouterSolicitation); err != nil || !is || control == nil || control.HopLimit != ndp.HopLimit {
		return
	}
	to := netip.IPv6LinkLocalAllNodes()
	if ip, ok := from.(*net.IPAddr); ok && !ip.IP.IsUnspecified() {
		to, _ = netip.AddrFromSlice(ip.IP)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.ends[control.IfIndex]; e != nil {
		a.send(e, to)
	}
}

// send is called with the lock held. The source is to be a link-local address (RFC 4861, 6.1.2), which the kernel does
// not choose before there is one. What fails is told to those that miss the advertisement: a link may be down.
func (a *advertiser) send(e *end, to netip.Addr) {
	packet, err := ndp.MarshalMessage(e.advertisement())
	if err == nil {
		control := &ipv6.ControlMessage{HopLimit: ndp.HopLimit, IfIndex: e.index, Src: a.from[e].AsSlice()}
		_, err = a.conn.WriteTo(packet, control, &net.IPAddr{IP: to.AsSlice()})
	}
	if err != nil {
		err = fmt.Errorf("router advertisement of %s on %s: %w", a.node.name, e.name, err)
	}
	a.err = err
}

func (a *advertiser) failure() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// advertisement is what the router says on a link.
func (e *end) advertisement() *ndp.RouterAdvertisement {
	m := &ndp.RouterAdvertisement{
		CurrentHopLimit: 64,
		RouterLifetime:  routerLifetime,
		// Both flags go together (RFC 4861, 4.2).
		ManagedConfiguration: e.node.config.dhcp6, OtherConfiguration: e.node.config.dhcp6,
		Options: []ndp.Option{&ndp.LinkLayerAddress{Direction: ndp.Source, Addr: e.mac}},
	}
	if mtu := e.link.config.mtu; mtu != 0 {
		m.Options = append(m.Options, ndp.NewMTU(uint32(mtu)))
	}
	for _, p := range e.segment.of(IPv6) {
		m.Options = append(m.Options, &ndp.PrefixInformation{
			Prefix: p.Addr(), PrefixLength: uint8(p.Bits()),
			OnLink: true, AutonomousAddressConfiguration: e.node.config.slaac && autoconfigured(p),
			ValidLifetime: prefixLifetime, PreferredLifetime: prefixLifetime,
		})
	}
	return m
}

// autoconfigured reports whether hosts make themselves addresses in that network: the other half of the address is
// an interface's identifier (RFC 4862, 5.5.3).
func autoconfigured(p netip.Prefix) bool { return p.Bits() == 64 }
