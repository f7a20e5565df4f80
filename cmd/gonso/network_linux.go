// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// The network that a host has: one neighbour, a router at the other end of a cable.
// Addresses are of those that documentation has for itself (RFC 5737, RFC 3849), so
// that no other host has them.
var (
	hostEnd   = []string{"192.0.2.2/24", "2001:db8::2/64"}
	routerEnd = []string{"192.0.2.1/24", "2001:db8::1/64"}
)

// ipv4Forwarding is IPV4_DEVCONF_FORWARDING of linux/ip.h.
const ipv4Forwarding = 1

// inetConf is IFLA_INET_CONF of linux/if_link.h.
const inetConf = 1

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
	host, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer host.Close()
	if err := host.LinkAdd(cable); err != nil {
		return fmt.Errorf("add a veth: %w", err)
	}
	var routed error
	if err := router.Do(func() { routed = setUpRouter() }); err != nil {
		return err
	}
	if routed != nil {
		return fmt.Errorf("the router: %w", routed)
	}
	if err := bringUp(host, cable, hostEnd); err != nil { // of which it knows the number by now
		return err
	}
	return defaultRoutes(host, cable, routerEnd)
}

// setUpRouter makes the calling thread's network namespace the router's.
func setUpRouter() error {
	there, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer there.Close()
	link, err := there.LinkByName("eth0")
	if err != nil {
		return err
	}
	if err := bringUp(there, link, routerEnd); err != nil {
		return err
	}
	return forwardPackets(link)
}

// bringUp gives an interface its addresses. Nobody else is there who could have them, so the kernel need not look
// (IFA_F_NODAD).
func bringUp(in *netlink.Handle, link netlink.Link, addresses []string) error {
	name := link.Attrs().Name
	if err := in.LinkSetUp(link); err != nil {
		return fmt.Errorf("bring %s up: %w", name, err)
	}
	for _, text := range addresses {
		addr, err := netlink.ParseAddr(text)
		if err != nil {
			return err
		}
		addr.Flags = unix.IFA_F_NODAD
		if err := in.AddrAdd(link, addr); err != nil && !lacksIPv6(addr.IP, err) {
			return fmt.Errorf("give %s the address %s: %w", name, text, err)
		}
	}
	return nil
}

func defaultRoutes(in *netlink.Handle, link netlink.Link, via []string) error {
	index := link.Attrs().Index
	for _, text := range via {
		ip, _, err := net.ParseCIDR(text)
		if err != nil {
			return err
		}
		if err := in.RouteAdd(&netlink.Route{LinkIndex: index, Gw: ip}); err != nil && !lacksIPv6(ip, err) {
			return fmt.Errorf("add a default route via %s: %w", ip, err)
		}
	}
	return nil
}

// forwardPackets makes a router of the calling thread's network namespace. A host would
// drop what is not for itself without a word.
//
// IPv4 goes by the interface, which netlink can set where /proc/sys is read-only. IPv6
// without a route is answered by a host, too (net/ipv6/route.c, ip6_pkt_discard), so that
// there the setting only completes the picture.
func forwardPackets(link netlink.Link) error {
	if err := forwardIPv4(link.Attrs().Index); err != nil {
		return fmt.Errorf("forward IPv4: %w", err)
	}
	err := nssetup.SetSysctl("net/ipv6/conf/all/forwarding", "1")
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.EROFS) { // a kernel without IPv6, a container
		return nil
	}
	return err
}

// forwardIPv4 is what sysctl net.ipv4.conf.INTERFACE.forwarding=1 does (rtnetlink(7),
// inet_set_link_af in net/ipv4/devinet.c).
func forwardIPv4(index int) error {
	request := nl.NewNetlinkRequest(unix.RTM_SETLINK, unix.NLM_F_ACK)
	message := nl.NewIfInfomsg(unix.AF_UNSPEC)
	message.Index = int32(index)
	request.AddData(message)
	family := nl.NewRtAttr(unix.IFLA_AF_SPEC, nil)
	settings := family.AddRtAttr(unix.AF_INET, nil).AddRtAttr(inetConf, nil)
	settings.AddRtAttr(ipv4Forwarding, nl.Uint32Attr(1))
	request.AddData(family)
	_, err := request.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

// lacksIPv6 reports whether an address or route was refused since the kernel was built
// or started without IPv6.
func lacksIPv6(ip net.IP, err error) bool {
	return ip.To4() == nil && (errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EACCES))
}
