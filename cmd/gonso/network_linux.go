// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// The network that a host has: one neighbour, a router at the other end of a cable.
// Addresses are of those that documentation has for itself (RFC 5737, RFC 3849), so
// that they mean nobody elsewhere.
var (
	hostEnd   = []string{"192.0.2.2/24", "2001:db8::2/64"}
	routerEnd = []string{"192.0.2.1/24", "2001:db8::1/64"}
)

// router is the network namespace of the other end. This process keeps it for as
// long as it lives.
var router set.Set

// hostLikeNetwork lays a cable to a router that knows nobody else: what is sent
// further is answered with 'network unreachable' at once.
func hostLikeNetwork() (err error) {
	if router, err = set.Unshare(set.NS_NET); err != nil {
		return err
	}
	far, err := router.Fds(set.NS_NET)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, far.Close()) }()
	cable := &netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: "eth0"},
		PeerName:      "eth0",
		PeerNamespace: netlink.NsFd(int(far.Get(set.NS_NET).Fd())),
	}
	if err := netlink.LinkAdd(cable); err != nil {
		return fmt.Errorf("add a veth: %w", err)
	}
	var routed error
	if err := router.Do(func() { routed = errors.Join(bringUp("eth0", routerEnd), forward()) }); err != nil {
		return err
	}
	if routed != nil {
		return fmt.Errorf("the router: %w", routed)
	}
	if err := bringUp("eth0", hostEnd); err != nil {
		return err
	}
	return defaultRoutes(cable, routerEnd)
}

// bringUp gives an interface of the calling thread's network namespace its
// addresses. They are valid from the first moment: nobody else is there who could
// have them (IFA_F_NODAD).
func bringUp(name string, addresses []string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("bring %s up: %w", name, err)
	}
	for _, text := range addresses {
		addr, err := netlink.ParseAddr(text)
		if err != nil {
			return err
		}
		addr.Flags = unix.IFA_F_NODAD
		if err := netlink.AddrAdd(link, addr); err != nil && !lacksIPv6(addr.IP, err) {
			return fmt.Errorf("give %s the address %s: %w", name, text, err)
		}
	}
	return nil
}

func defaultRoutes(link netlink.Link, via []string) error {
	index := link.Attrs().Index
	for _, text := range via {
		ip, _, err := net.ParseCIDR(text)
		if err != nil {
			return err
		}
		if err := netlink.RouteAdd(&netlink.Route{LinkIndex: index, Gw: ip}); err != nil && !lacksIPv6(ip, err) {
			return fmt.Errorf("add a default route via %s: %w", ip, err)
		}
	}
	return nil
}

// forward makes a router of the calling thread's network namespace. A host would
// drop what is not for itself without a word.
func forward() error {
	for _, setting := range []string{"/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"} {
		err := os.WriteFile(setting, []byte("1"), 0)
		if err != nil && !errors.Is(err, os.ErrNotExist) { // a kernel without IPv6
			return err
		}
	}
	return nil
}

// lacksIPv6 tells whether an address or route was refused since the kernel was built
// or started without IPv6.
func lacksIPv6(ip net.IP, err error) bool {
	return ip.To4() == nil && (errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EACCES))
}
