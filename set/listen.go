// SPDX-License-Identifier: Apache-2.0

package set

import (
	"context"
	"net"
	"net/netip"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// listen makes a socket that is bound to an address; one for streams also
// listens. Of a name with several addresses it takes the first IPv4 one.
func (s Set) listen(network, address string, kind int) (*os.File, error) {
	ctx := context.Background()
	t, err := parseAddress(ctx, network, address)
	if err != nil {
		return nil, opError("listen", network, nil, err)
	}
	addrs, err := s.resolve(ctx, t)
	if err != nil {
		return nil, opError("listen", network, nil, err)
	}
	addr := addrs[0]
	for _, other := range addrs {
		if other.Addr().Is4() {
			addr = other
			break
		}
	}
	if (t.kind == sys.Stream) != (kind == sys.Stream) {
		return nil, opError("listen", network, t.addr(addr), &net.AddrError{Err: "unexpected address type", Addr: address})
	}
	var fd *sys.FD
	err = s.inside(NS_NET, func() (err error) {
		fd, err = t.bound(addr)
		return err
	})
	if err != nil {
		return nil, opError("listen", network, t.addr(addr), err)
	}
	return file(fd, network), nil
}

// bound makes a socket with an address in the calling thread's network
// namespace, as package net does (net/sock_posix.go).
func (t address) bound(addr netip.AddrPort) (*sys.FD, error) {
	addr, err := numberZone(addr)
	if err != nil {
		return nil, err
	}
	if t.family == 0 && addr.Addr().IsUnspecified() {
		// One socket for both families, if there is IPv6 at all.
		fd, err := t.bind(netip.AddrPortFrom(netip.IPv6Unspecified(), addr.Port()))
		if !sys.NoIPv6(err) {
			return fd, err
		}
		addr = netip.AddrPortFrom(netip.IPv4Unspecified(), addr.Port())
	}
	return t.bind(addr)
}

func (t address) bind(addr netip.AddrPort) (*sys.FD, error) {
	fd, err := t.socket(addr.Addr().Is6())
	if err != nil {
		return nil, err
	}
	multicast := t.kind == sys.Datagram && addr.Addr().IsMulticast()
	if multicast {
		// Several listeners may share the port of a group, which each of them joins.
		any := netip.IPv4Unspecified()
		if addr.Addr().Is6() {
			any = netip.IPv6Unspecified()
		}
		addr = netip.AddrPortFrom(any, addr.Port())
	}
	if multicast || t.kind == sys.Stream {
		err = os.NewSyscallError("setsockopt", fd.SetReuseAddress())
	}
	if err == nil {
		err = os.NewSyscallError("bind", fd.Bind(addr))
	}
	if err == nil && t.kind == sys.Stream {
		err = os.NewSyscallError("listen", fd.Listen())
	}
	if err != nil {
		_ = fd.Close() // nobody has used it
		return nil, err
	}
	return fd, nil
}
