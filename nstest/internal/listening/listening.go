// SPDX-License-Identifier: Apache-2.0

// Package listening reports where in a network namespace sockets listen, without connecting to them.
package listening

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// An Endpoint is where a socket is to listen.
type Endpoint struct {
	protocol string // as state.Socket has it
	ip4, ip6 bool
	path     string     // of a unix socket
	ip       netip.Addr // the zero one stands for any
	port     uint16
}

// Parse takes a network and an address as [net.Listen] and [net.ListenPacket] do.
func Parse(network, address string) (e Endpoint, err error) {
	switch network {
	case "unix", "unixgram", "unixpacket":
		if address == "" {
			return e, fmt.Errorf("the socket has no name: %w", os.ErrInvalid)
		}
		return Endpoint{protocol: "unix", path: address}, nil
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
		e.protocol = network[:3]
		e.ip4, e.ip6 = !strings.HasSuffix(network, "6"), !strings.HasSuffix(network, "4")
	default:
		return e, net.UnknownNetworkError(network)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return e, err
	}
	port, err := net.DefaultResolver.LookupPort(context.Background(), network, service)
	if err != nil {
		return e, err
	}
	if e.port = uint16(port); port == 0 {
		return e, fmt.Errorf("which port the kernel will choose for 0 is unknown: %w", os.ErrInvalid)
	}
	if host != "" {
		if e.ip, err = netip.ParseAddr(host); err != nil {
			return e, err
		}
		e.ip = e.ip.WithZone("")
	}
	return e, nil
}

// is reports whether a socket listens there.
func (e Endpoint) is(s state.Socket) bool {
	if s.Protocol != e.protocol {
		return false
	}
	if e.path != "" {
		// A datagram socket has no state of its own, and one that was accepted has the path too.
		return s.Local == e.path && s.State != "ESTABLISHED"
	}
	local, err := netip.ParseAddrPort(s.Local)
	if err != nil || local.Port() != e.port || s.Protocol == "tcp" && s.State != "LISTEN" || s.Remote != "" {
		return false
	}
	ip := local.Addr()
	// A socket for all addresses of IPv6 takes what comes for IPv4, as a rule (ipv6(7)).
	family := ip.Is4() && e.ip4 || ip.Is6() && (e.ip6 || ip.IsUnspecified())
	return family && (!e.ip.IsValid() || ip == e.ip || ip.IsUnspecified() && (ip.Is6() || e.ip.Is4()))
}

// Listens reports whether a socket listens there, in the network namespace of a Set.
func (e Endpoint) Listens(s set.Set) (bool, error) {
	found, err := e.find(s)
	return found != nil, err
}

// Free returns an error if a socket listens there.
func (e Endpoint) Free(s set.Set) error {
	found, err := e.find(s)
	if found != nil {
		return fmt.Errorf("%s %s is taken already, before it starts: stop what listens there, or give the daemon another address", found.Protocol, found.Local)
	}
	return err
}

func (e Endpoint) find(s set.Set) (*state.Socket, error) {
	sockets, err := state.Sockets(s)
	for _, s := range sockets {
		if e.is(s) {
			return &s, nil
		}
	}
	return nil, err
}

// Others lists, for people, where sockets of that kind listen: internet ones, or unix ones.
func (e Endpoint) Others(s set.Set) string {
	sockets, err := state.Sockets(s)
	if err != nil {
		return err.Error()
	}
	var list []string
	for _, s := range sockets {
		at := s.Protocol + " " + s.Local
		if e.isLike(s) && !slices.Contains(list, at) { // as with SO_REUSEPORT
			list = append(list, at)
		}
	}
	if n := len(list); n > mostOthers {
		list = append(list[:mostOthers], fmt.Sprintf("%d others", n-mostOthers))
	}
	return cmp.Or(strings.Join(list, ", "), "nothing")
}

// mostOthers is how many fit in a message.
const mostOthers = 8

// isLike reports whether a socket is one that an Endpoint of that kind may stand for.
func (e Endpoint) isLike(s state.Socket) bool {
	switch s.Protocol {
	case "unix":
		return e.path != "" && s.State != "ESTABLISHED"
	case "tcp":
		return e.path == "" && s.State == "LISTEN"
	case "udp":
		return e.path == "" && s.Remote == ""
	}
	return false
}
