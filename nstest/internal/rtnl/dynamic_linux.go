// SPDX-License-Identifier: Apache-2.0

package rtnl

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Addresses lists the addresses of an interface that others can send to, other than link-local ones of IPv6.
func (c *Conn) Addresses(index int) (list []netip.Prefix, err error) {
	local, err := c.local6()
	if err != nil {
		return nil, err
	}
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		err := c.dump(unix.RTM_GETADDR, nl.NewIfAddrmsg(family), func(m syscall.NetlinkMessage) error {
			message := nl.DeserializeIfAddrmsg(m.Data)
			if int(message.Index) != index {
				return nil
			}
			address, err := addressOf(m.Data)
			if err != nil || address.Is6() && (address.IsLinkLocalUnicast() || !local[address]) {
				return err
			}
			list = append(list, netip.PrefixFrom(address, int(message.Prefixlen)))
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("list addresses: %w", err)
		}
	}
	return list, nil
}

// LinkLocal returns the link-local IPv6 address of an interface, once packets to it are delivered.
func (c *Conn) LinkLocal(index int) (found netip.Addr, err error) {
	local, err := c.local6()
	if err != nil {
		return netip.Addr{}, err
	}
	err = c.dump(unix.RTM_GETADDR, nl.NewIfAddrmsg(unix.AF_INET6), func(m syscall.NetlinkMessage) error {
		address, err := addressOf(m.Data)
		if int(nl.DeserializeIfAddrmsg(m.Data).Index) == index && address.IsLinkLocalUnicast() && local[address] {
			found = address
		}
		return err
	})
	return found, err
}

// addressOf reads a message of rtnetlink(7). Only IPv4 ones have IFA_LOCAL, where IFA_ADDRESS may be the
// other end's.
func addressOf(message []byte) (address netip.Addr, err error) {
	attributes, err := nl.ParseRouteAttr(message[unix.SizeofIfAddrmsg:])
	for _, a := range attributes {
		if a.Attr.Type == unix.IFA_LOCAL || a.Attr.Type == unix.IFA_ADDRESS && !address.IsValid() {
			address = Addr(a.Value)
		}
	}
	return address, err
}

// An Advert is what the kernel has learned of router advertisements on an interface (RFC 4861, 4.2).
type Advert struct {
	Received bool // there was one
	Managed  bool // it says that DHCPv6 gives addresses
}

// Flags of linux/if_inet6.h, IF_*.
const (
	raReceived = 0x20
	raManaged  = 0x40
)

// Advert returns what is known of router advertisements on an interface. Of one that changes nothing but the flag that it
// was received the kernel says nothing, nor is that set if it came before the solicitation was sent
// (net/ipv6/ndisc.c, ndisc_router_discovery); it adds a route, of which the kernel tells.
func (c *Conn) Advert(index int) (advert Advert, err error) {
	routed, err := c.advertised(index)
	if err != nil {
		return Advert{}, err
	}
	advert.Received = routed
	message := nl.NewIfInfomsg(unix.AF_INET6)
	err = c.dump(unix.RTM_GETLINK, message, func(m syscall.NetlinkMessage) error {
		if int(nl.DeserializeIfInfomsg(m.Data).Index) != index {
			return nil
		}
		info, err := attribute(m.Data[unix.SizeofIfInfomsg:], unix.IFLA_PROTINFO)
		if err != nil {
			return err
		}
		value, err := attribute(info, unix.IFLA_INET6_FLAGS)
		if value != nil {
			flags := binary.NativeEndian.Uint32(value)
			advert = Advert{routed || flags&raReceived != 0, flags&raManaged != 0}
		}
		return err
	})
	return advert, err
}

// advertised reports whether there is a route over an interface that comes of a router advertisement.
func (c *Conn) advertised(index int) (is bool, err error) {
	err = c.advertisedRoutes(index, func(netip.Addr) { is = true })
	return is, err
}

// DefaultRouter returns a router that has advertised itself on an interface. It is not valid if there is none.
func (c *Conn) DefaultRouter(index int) (router netip.Addr, err error) {
	err = c.advertisedRoutes(index, func(gateway netip.Addr) {
		if gateway.IsValid() {
			router = gateway
		}
	})
	return router, err
}

// advertisedRoutes calls each with the gateways of routes over an interface that come of router advertisements.
func (c *Conn) advertisedRoutes(index int, each func(gateway netip.Addr)) error {
	message := nl.NewRtMsg()
	message.Family = unix.AF_INET6
	return c.dump(unix.RTM_GETROUTE, message, func(m syscall.NetlinkMessage) error {
		if nl.DeserializeRtMsg(m.Data).Protocol != unix.RTPROT_RA {
			return nil
		}
		over, err := attribute(m.Data[unix.SizeofRtMsg:], unix.RTA_OIF)
		if err != nil || over == nil || int(binary.NativeEndian.Uint32(over)) != index {
			return err
		}
		gateway, err := attribute(m.Data[unix.SizeofRtMsg:], unix.RTA_GATEWAY)
		each(Addr(gateway))
		return err
	})
}

// DelAddress takes an address from an interface.
func DelAddress(name string, index int, address netip.Prefix) Request {
	r := request(fmt.Sprintf("delete %v from %s", address, name), unix.RTM_DELADDR, 0)
	m := nl.NewIfAddrmsg(family(address.Addr()))
	m.Index, m.Prefixlen = uint32(index), uint8(address.Bits())
	r.AddData(m)
	r.AddData(nl.NewRtAttr(unix.IFA_LOCAL, address.Addr().AsSlice()))
	return r
}

// SetLeasedRoute sets a route that DHCP brings about: to a network, over a gateway at an interface. Of several
// routes to the same network the one with the least metric counts.
func SetLeasedRoute(to netip.Prefix, gateway netip.Addr, index, metric int) Request {
	r := leasedRoute(fmt.Sprintf("set the route to %v via %v", to, gateway), unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, to, index, metric)
	r.AddData(nl.NewRtAttr(unix.RTA_GATEWAY, gateway.AsSlice()))
	return r
}

// DelLeasedRoute deletes such a route.
func DelLeasedRoute(to netip.Prefix, index, metric int) Request {
	return leasedRoute(fmt.Sprintf("delete the route to %v of metric %d", to, metric), unix.RTM_DELROUTE, 0, to, index, metric)
}

func leasedRoute(what string, kind, flags int, to netip.Prefix, index, metric int) Request {
	r := route(what, kind, flags, unix.RT_TABLE_MAIN, to)
	r.Data[0].(*nl.RtMsg).Protocol = unix.RTPROT_DHCP
	r.AddData(nl.NewRtAttr(unix.RTA_OIF, nl.Uint32Attr(uint32(index))))
	r.AddData(nl.NewRtAttr(unix.RTA_PRIORITY, nl.Uint32Attr(uint32(metric))))
	return r
}
