// SPDX-License-Identifier: Apache-2.0

package rtnl

import (
	"errors"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// interrupted tells that a list may be incomplete.
func interrupted(err error) bool { return errors.Is(err, netlink.ErrDumpInterrupted) }

// gateway takes a gateway from where it is, and returns nil where there is none. That
// of an IPv4 route may have an IPv6 address (RTA_VIA, RFC 5549).
func gateway(address net.IP, via netlink.Destination) net.IP {
	if v, ok := via.(*netlink.Via); ok {
		return v.Addr
	}
	return address
}

// interruption is the error of a list with those flags of netlink(7).
func interruption(flags uint16) error {
	if flags&unix.NLM_F_DUMP_INTR != 0 {
		return netlink.ErrDumpInterrupted
	}
	return nil
}
