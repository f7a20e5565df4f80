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
	netlink.Addr
	// Device is the name of the interface.
	Device string
}

// String is such as "192.0.2.1/24 on eth0".
func (a Address) String() string {
	text := fmt.Sprintf("%v on %s", rtnl.Prefix(a.IPNet), a.Device)
	if notes := rtnl.AddressNotes(a.Flags); len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return text
}

type haveAddress struct {
	cidr string
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
	err = withNetlink("HaveAddress", actual, func(nl *netlink.Handle) error {
		m.again()
		list, err := addresses(nl)
		if err != nil {
			return err
		}
		for _, address := range list {
			is := rtnl.Prefix(address.IPNet)
			if !rtnl.Usable(address.Flags) || is.Addr() != wanted.Addr() || !anyLength && is != wanted {
				m.others = append(m.others, address.String())
			} else if err := m.offer(address, address.String()); err != nil {
				return err
			}
		}
		return nil
	})
	return err == nil && m.success(), err
}

func addresses(nl *netlink.Handle) ([]Address, error) {
	devices, err := deviceNames(nl)
	if err != nil {
		return nil, err
	}
	list, err := nl.AddrList(nil, anyFamily)
	if err != nil {
		return nil, err
	}
	all := make([]Address, len(list))
	for i, address := range list {
		all[i] = Address{Addr: address, Device: devices[address.LinkIndex]}
	}
	return all, nil
}

func (m *haveAddress) FailureMessage(actual any) string {
	return m.failureMessage(actual, "address "+m.cidr)
}

func (m *haveAddress) NegatedFailureMessage(actual any) string {
	return m.negatedFailureMessage(actual, "address "+m.cidr)
}

type haveDevice struct{ name string }

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
