// SPDX-License-Identifier: Apache-2.0

// Package rtnl has what all who read a network over netlink need: the matchers of
// package nstest, and the log of a failed test.
package rtnl

import (
	"net"
	"net/netip"
)

// Undisturbed looks again, so many times at most, if what it looked at changed
// meanwhile. The kernel then may have left something out (NLM_F_DUMP_INTR).
func Undisturbed(times int, look func() error) (err error) {
	for range times {
		if err = look(); !interrupted(err) {
			break
		}
	}
	return err
}

// Addr returns the zero Addr for what is no address.
func Addr(ip net.IP) netip.Addr {
	address, _ := netip.AddrFromSlice(ip)
	return address.Unmap()
}

// Prefix returns the zero Prefix for what is no network.
func Prefix(network *net.IPNet) netip.Prefix {
	if network == nil {
		return netip.Prefix{}
	}
	bits, _ := network.Mask.Size()
	return netip.PrefixFrom(Addr(network.IP), bits)
}
