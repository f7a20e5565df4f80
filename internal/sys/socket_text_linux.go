// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"fmt"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// SocketText returns what the kernel tells of a socket that other code owns, such as "TCP, listens at 10.0.0.1:80" or
// "TCP, 10.0.0.1:43210 to 10.0.0.2:80", or "" for what is no socket.
func SocketText(n int) string {
	domain, err := unix.GetsockoptInt(n, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return ""
	}
	text := protocol(n, domain)
	listens, _ := unix.GetsockoptInt(n, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	local, peer := addressText(unix.Getsockname(n)), addressText(unix.Getpeername(n))
	switch {
	case listens != 0:
		return text + ", listens at " + local
	case peer != "":
		return text + ", " + local + " to " + peer
	case local != "":
		return text + ", at " + local
	}
	return text
}

// protocol returns the name of what the socket speaks. Multipath TCP, by which Go listens, is TCP to who reads of it.
func protocol(n, domain int) string {
	names := map[int]string{unix.AF_UNIX: "unix", unix.AF_NETLINK: "netlink", unix.AF_PACKET: "packets", unix.AF_VSOCK: "vsock", unix.AF_ALG: "crypto"}
	if name := names[domain]; name != "" {
		return name
	}
	if domain != unix.AF_INET && domain != unix.AF_INET6 {
		return fmt.Sprintf("address family %d", domain)
	}
	number, _ := unix.GetsockoptInt(n, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	names = map[int]string{unix.IPPROTO_TCP: "TCP", unix.IPPROTO_UDP: "UDP", unix.IPPROTO_ICMP: "ICMP", unix.IPPROTO_ICMPV6: "ICMPv6",
		unix.IPPROTO_SCTP: "SCTP", unix.IPPROTO_MPTCP: "TCP"}
	if name := names[number]; name != "" {
		return name
	}
	return fmt.Sprintf("IP protocol %d", number)
}

// addressText is "" for an address that says nothing.
func addressText(address unix.Sockaddr, err error) string {
	if err != nil {
		return ""
	}
	var ip netip.AddrPort
	switch a := address.(type) {
	case *unix.SockaddrInet4:
		ip = netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		at := netip.AddrFrom16(a.Addr)
		if a.ZoneId != 0 {
			at = at.WithZone(strconv.FormatUint(uint64(a.ZoneId), 10))
		}
		ip = netip.AddrPortFrom(at, uint16(a.Port))
	case *unix.SockaddrUnix:
		return a.Name
	}
	if !ip.IsValid() || ip.Addr().IsUnspecified() && ip.Port() == 0 {
		return ""
	}
	return ip.String()
}
