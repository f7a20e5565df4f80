// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// whilePending looks again at each change of an IPv6 address in the network, until the
// kernel has found out whether somebody else has the one that is wanted. On a link that
// runs that takes a second or two (RFC 4862, 5.4.2).
func (m *haveAddress) whilePending(actual any, look func() error) error {
	if _, ok := actual.(*netlink.Handle); ok {
		return nil // its network is not known
	}
	s, err := setOf("HaveAddress", actual)
	if err != nil {
		return err
	}
	network, err := s.Dup(set.NS_NET)
	if err != nil {
		return err
	}
	err = rtnl.Await(network, addressTime, func() (missing []string, err error) {
		if err := look(); err != nil || !m.pending || m.success() {
			return nil, err
		}
		return []string{m.cidr}, nil
	}, unix.RTNLGRP_IPV6_IFADDR)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil // it stays tentative, and is printed so
	}
	if err = errors.Join(err, network.Close()); err != nil {
		return fmt.Errorf("HaveAddress matcher: %w", err)
	}
	return nil
}
