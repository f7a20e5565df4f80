// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"
	"math"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// Types of [Socket].
const (
	Stream   = unix.SOCK_STREAM
	Datagram = unix.SOCK_DGRAM
	Raw      = unix.SOCK_RAW
)

// Socket makes a socket for IPv6, or else for IPv4, in the calling thread's
// network namespace, where it stays. It does not block.
func Socket(ipv6 bool, kind, protocol int) (*FD, error) {
	family := unix.AF_INET
	if ipv6 {
		family = unix.AF_INET6
	}
	n, err := unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, err
	}
	return NewFD(n), nil
}

// NoIPv6 reports whether an error of [Socket] means a kernel without IPv6.
func NoIPv6(err error) bool { return errors.Is(err, unix.EAFNOSUPPORT) }

// SetV6Only keeps IPv4 off a socket for IPv6, or lets it in (ipv6(7)).
func (fd *FD) SetV6Only(only bool) error {
	return fd.setOption(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only)
}

// SetBroadcast lets a datagram socket send to broadcast addresses (socket(7)).
func (fd *FD) SetBroadcast() error { return fd.setOption(unix.SOL_SOCKET, unix.SO_BROADCAST, true) }

// SetReuseAddress lets a socket be bound to an address that has just been in
// use (socket(7)).
func (fd *FD) SetReuseAddress() error {
	return fd.setOption(unix.SOL_SOCKET, unix.SO_REUSEADDR, true)
}

func (fd *FD) setOption(level, option int, on bool) error {
	value := 0
	if on {
		value = 1
	}
	return unix.SetsockoptInt(fd.Int(), level, option, value)
}

// Bind gives a socket its local address.
func (fd *FD) Bind(addr netip.AddrPort) error {
	sa, err := sockaddr(addr)
	if err != nil {
		return err
	}
	return unix.Bind(fd.Int(), sa)
}

// Listen begins to accept connections. As many wait for it as the socket's
// network namespace allows (net.core.somaxconn).
func (fd *FD) Listen() error { return unix.Listen(fd.Int(), math.MaxInt32) }

// Connect begins to connect a socket, or goes on with it, and reports whether it
// is done; if not, it will be when the socket is writable. The descriptor is
// somebody else's.
//
// Linux answers a second connect(2) with the outcome of the first.
func Connect(n int, addr netip.AddrPort) (done bool, err error) {
	sa, err := sockaddr(addr)
	if err != nil {
		return false, err
	}
	switch err := unix.Connect(n, sa); {
	case err == nil, errors.Is(err, unix.EISCONN):
		return true, nil
	case errors.Is(err, unix.EINPROGRESS), errors.Is(err, unix.EALREADY), errors.Is(err, unix.EINTR):
		return false, nil
	default:
		return false, err
	}
}

// sockaddr takes the number of an interface for a zone; see [InterfaceIndex].
func sockaddr(addr netip.AddrPort) (unix.Sockaddr, error) {
	ip, port := addr.Addr(), int(addr.Port())
	if ip.Is4() {
		return &unix.SockaddrInet4{Addr: ip.As4(), Port: port}, nil
	}
	var zone uint64
	if ip.Zone() != "" {
		var err error
		if zone, err = strconv.ParseUint(ip.Zone(), 10, 32); err != nil {
			return nil, err
		}
	}
	return &unix.SockaddrInet6{Addr: ip.As16(), Port: port, ZoneId: uint32(zone)}, nil
}

// InterfaceIndex returns the number that an interface has in the calling
// thread's network namespace (netdevice(7)).
func InterfaceIndex(name string) (index int, err error) {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	fd, err := Socket(false, Datagram, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, fd.Close()) }()
	if err := unix.IoctlIfreq(fd.Int(), unix.SIOCGIFINDEX, request); err != nil {
		return 0, err
	}
	return int(request.Uint32()), nil
}
