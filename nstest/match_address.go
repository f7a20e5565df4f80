// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/vishvananda/netlink"
)

// An Address is what the matchers in [HaveAddress] get: an address of a network
// interface.
type Address struct {
	// Prefix is the address with its prefix length.
	Prefix netip.Prefix
	// Device is the name of the interface.
	Device string
	// Netlink is all that the kernel says of it.
	Netlink netlink.Addr

	running bool // that interface
}

// String is such as "192.0.2.1/24 on eth0".
func (a Address) String() string {
	text := fmt.Sprintf("%v on %s", a.Prefix, a.Device)
	if notes := rtnl.AddressNotes(a.Netlink.Flags); len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return text
}

type haveAddress struct {
	whileOpen
	cidr    string
	pending bool // it is there, and will be usable or a duplicate in a moment
	found
}

func (m *haveAddress) Match(actual any) (success bool, err error) {
	wanted, err := netip.ParsePrefix(m.cidr)
	anyLength := err != nil
	if anyLength {
		address, err := netip.ParseAddr(m.cidr)
		if err != nil || address.Zone() != "" {
			return false, unexpected("HaveAddress", "an address such as 192.0.2.1/24 or 192.0.2.1", m.cidr)
		}
		wanted = netip.PrefixFrom(address, address.BitLen())
	}
	look := func() error {
		return withNetlink("HaveAddress", actual, func(nl *netlink.Handle) error { return m.look(nl, wanted, anyLength) })
	}
	if err = look(); err == nil && m.pending && !m.success() {
		err = m.whilePending(actual, look)
	}
	return err == nil && m.success(), err
}

// look goes through all addresses.
func (m *haveAddress) look(nl *netlink.Handle, wanted netip.Prefix, anyLength bool) error {
	m.again()
	m.pending = false
	list, err := addresses(nl)
	if err != nil {
		return err
	}
	for _, address := range list {
		is := address.Prefix
		named := is.Addr() == wanted.Addr() && (anyLength || is == wanted)
		switch usable := rtnl.Usable(address.Netlink.Flags); {
		case named && usable:
			if err := m.offer(address, address.String()); err != nil {
				return err
			}
		case named && address.running && !rtnl.Duplicate(address.Netlink.Flags):
			m.pending = true
			fallthrough
		default:
			m.others = append(m.others, address.String())
		}
	}
	return nil
}

func addresses(nl *netlink.Handle) ([]Address, error) {
	links, err := nl.LinkList()
	if err != nil {
		return nil, err
	}
	devices := make(map[int]*netlink.LinkAttrs, len(links))
	for _, link := range links {
		devices[link.Attrs().Index] = link.Attrs()
	}
	list, err := nl.AddrList(nil, anyFamily)
	if err != nil {
		return nil, err
	}
	all := make([]Address, len(list))
	for i, address := range list {
		all[i] = Address{Prefix: rtnl.Prefix(address.IPNet), Netlink: address}
		if on := devices[address.LinkIndex]; on != nil {
			all[i].Device, all[i].running = on.Name, rtnl.StateOf(on.RawFlags) == rtnl.Up
		}
	}
	return all, nil
}

func (m *haveAddress) FailureMessage(actual any) string {
	return m.failureMessage(actual, "address "+m.cidr)
}

func (m *haveAddress) NegatedFailureMessage(actual any) string {
	return m.negatedFailureMessage(actual, "address "+m.cidr)
}

type haveDevice struct {
	ofValue
	name string
}

func (m *haveDevice) Match(actual any) (success bool, err error) {
	switch on := actual.(type) {
	case Address:
		return on.Device == m.name, nil
	case Route:
		for _, hop := range on.Hops {
			success = success || hop.Device == m.name
		}
		return success, nil
	}
	return false, unexpected("HaveDevice", "an nstest.Address or nstest.Route", actual)
}

func (m *haveDevice) FailureMessage(actual any) string {
	return fmt.Sprintf("Expected\n    %v\nto have the device %s", actual, m.name)
}

func (m *haveDevice) NegatedFailureMessage(actual any) string {
	return fmt.Sprintf("Expected\n    %v\nnot to have the device %s", actual, m.name)
}
