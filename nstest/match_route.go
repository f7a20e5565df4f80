// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"net/netip"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/vishvananda/netlink"
)

// A Route is what the matchers in [HaveRoute] get.
type Route struct {
	// To is the destination, of length 0 for a default route.
	To netip.Prefix
	// Hops are where packets go next: one for most routes, several for one that
	// spreads the load, none for one that refuses packets.
	Hops []Hop
	// Netlink is all that the kernel says of it.
	Netlink netlink.Route
}

// A Hop is where packets of a route go next.
type Hop struct {
	// Gateway is the router; the zero Addr is for hosts that are on the link.
	Gateway netip.Addr
	// Device is the name of the interface through which the packets leave.
	Device string
}

// String is such as "default via 192.0.2.254 dev eth0", in the words of
// ip-route(8).
func (r Route) String() string {
	text := "default"
	if r.To.Bits() > 0 {
		text = r.To.String()
	}
	for _, hop := range r.Hops {
		if hop.Gateway.IsValid() {
			text += " via " + hop.Gateway.String()
		}
		text += " dev " + hop.Device
	}
	if len(r.Hops) == 0 {
		text += " without a device"
	}
	return text
}

type haveRoute struct {
	whileOpen
	destination string
	found
}

func (m *haveRoute) Match(actual any) (success bool, err error) {
	to, err := m.parse()
	if err != nil {
		return false, err
	}
	err = withNetlink("HaveRoute", actual, func(nl *netlink.Handle) error {
		m.again()
		list, err := routes(nl)
		if err != nil {
			return err
		}
		for _, route := range list {
			if is := route.To; is != to && (to.IsValid() || is.Bits() > 0) {
				m.others = append(m.others, route.String())
			} else if err := m.offer(route, route.String()); err != nil {
				return err
			}
		}
		return nil
	})
	return err == nil && m.success(), err
}

// parse returns the zero Prefix for the default route of any IP version.
func (m *haveRoute) parse() (netip.Prefix, error) {
	if m.destination == "default" {
		return netip.Prefix{}, nil
	}
	to, err := netip.ParsePrefix(m.destination)
	if err != nil {
		var host netip.Addr
		host, err = netip.ParseAddr(m.destination)
		to = netip.PrefixFrom(host, host.BitLen())
	}
	if err != nil || to != to.Masked() {
		return to, unexpected("HaveRoute", `a destination such as 192.0.2.0/24, 192.0.2.1 or "default"`, m.destination)
	}
	return to, nil
}

func (m *haveRoute) FailureMessage(actual any) string {
	return m.failureMessage(actual, "route to "+m.destination)
}

func (m *haveRoute) NegatedFailureMessage(actual any) string {
	return m.negatedFailureMessage(actual, "route to "+m.destination)
}

// routes has the main table.
func routes(nl *netlink.Handle) ([]Route, error) {
	devices, err := deviceNames(nl)
	if err != nil {
		return nil, err
	}
	list, err := nl.RouteList(nil, anyFamily)
	if err != nil {
		return nil, err
	}
	all := make([]Route, len(list))
	for i, r := range list {
		all[i].To, all[i].Netlink = rtnl.Prefix(r.Dst), r
		for _, hop := range rtnl.Hops(r) {
			all[i].Hops = append(all[i].Hops, Hop{hop.Via, devices[hop.Link]})
		}
	}
	return all, nil
}

type haveGateway struct {
	ofValue
	ip string
}

func (m *haveGateway) Match(actual any) (success bool, err error) {
	route, ok := actual.(Route)
	if !ok {
		return false, unexpected("HaveGateway", "an nstest.Route", actual)
	}
	gateway, err := netip.ParseAddr(m.ip)
	if err != nil {
		return false, unexpected("HaveGateway", "an IP address", m.ip)
	}
	for _, hop := range route.Hops {
		success = success || hop.Gateway == gateway
	}
	return success, nil
}

func (m *haveGateway) FailureMessage(actual any) string {
	return fmt.Sprintf("Expected\n    %v\nto have the gateway %s", actual, m.ip)
}

func (m *haveGateway) NegatedFailureMessage(actual any) string {
	return fmt.Sprintf("Expected\n    %v\nnot to have the gateway %s", actual, m.ip)
}
