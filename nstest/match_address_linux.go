// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// whilePending looks again at each change of an IPv6 address in the network, until the
// kernel has found out whether somebody else has the one that is wanted. On a link that
// runs that takes a second or two (RFC 4862, 5.4.2).
func (m *haveAddress) whilePending(actual any, look func() error) (err error) {
	if _, ok := actual.(*netlink.Handle); ok {
		return nil // its network is not known
	}
	s, err := setOf("HaveAddress", actual)
	if err != nil {
		return err
	}
	var changes *nl.NetlinkSocket
	e := inNetworkOf(s, func() { changes, err = nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_IPV6_IFADDR) })
	if err = errors.Join(e, err); err != nil {
		return fmt.Errorf("HaveAddress matcher: watch the addresses: %w", err)
	}
	defer changes.Close()
	for until := time.Now().Add(addressPatience * time.Second); ; {
		if err := look(); err != nil || !m.pending || m.success() {
			return err
		}
		left := unix.NsecToTimeval(max(time.Until(until), time.Microsecond).Nanoseconds())
		if err := changes.SetReceiveTimeout(&left); err != nil {
			return err
		}
		switch _, _, err := changes.Receive(); {
		case errors.Is(err, unix.EAGAIN):
			return nil // it stays tentative, and is printed so
		case err != nil && !errors.Is(err, unix.ENOBUFS) && !errors.Is(err, unix.EINTR):
			return fmt.Errorf("HaveAddress matcher: watch the addresses: %w", err)
		}
	}
}
