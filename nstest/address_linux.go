// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"net"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// addressPatience is how long the kernel may take to route to a new address, in
// seconds.
const addressPatience = 10

// addIPv6 adds an address, and on an interface that is up waits until it can be
// reached.
func (in *instance) addIPv6(handle *netlink.Handle, on netlink.Link, address *netlink.Addr) error {
	address.Flags |= unix.IFA_F_NODAD
	if on.Attrs().Flags&net.FlagUp == 0 {
		return handle.AddrAdd(on, address)
	}
	// What arrives for an address is lost until it has a route in the local table,
	// which a worker of the kernel adds (net/ipv6/addrconf.c, addrconf_dad_work).
	var routes *nl.NetlinkSocket
	var err error
	if e := in.Set.Do(func() { routes, err = nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_IPV6_ROUTE) }); e != nil {
		return e
	}
	if err != nil {
		return fmt.Errorf("watch the routes: %w", err)
	}
	defer routes.Close()
	if err := routes.SetReceiveTimeout(&unix.Timeval{Sec: addressPatience}); err != nil {
		return err
	}
	if err := handle.AddrAdd(on, address); err != nil {
		return err
	}
	for {
		messages, _, err := routes.Receive()
		if err != nil {
			return fmt.Errorf("wait for the route to it: %w", err)
		}
		for _, m := range messages {
			if m.Header.Type == unix.RTM_NEWROUTE && leadsTo(m, address.IP) {
				return nil
			}
		}
	}
}

// leadsTo reports whether a message is about the route in the local table to that
// address. One to a network of this address alone stands in another table.
func leadsTo(m syscall.NetlinkMessage, ip net.IP) bool {
	attributes, err := nl.ParseRouteAttr(m.Data[unix.SizeofRtMsg:])
	if err != nil {
		return false
	}
	for _, a := range attributes {
		if a.Attr.Type == unix.RTA_DST && net.IP(a.Value).Equal(ip) {
			route := nl.DeserializeRtMsg(m.Data)
			return route.Type == unix.RTN_LOCAL && route.Dst_len == 8*net.IPv6len
		}
	}
	return false
}
