// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
)

// addressTime is how long the kernel may take to route to a new address.
const addressTime = 10 * time.Second

// addIPv6 adds an address, and on an interface that is up waits until it can be
// reached.
func (in *instance) addIPv6(handle *netlink.Handle, on netlink.Link, address *netlink.Addr) error {
	address.Flags |= unix.IFA_F_NODAD
	if err := handle.AddrAdd(on, address); err != nil || on.Attrs().Flags&net.FlagUp == 0 {
		return err
	}
	// What arrives for an address is lost until it has a route in the local table,
	// which a worker of the kernel adds (net/ipv6/addrconf.c, addrconf_dad_work).
	conn, err := rtnl.Dial(in.Set)
	if err != nil {
		return fmt.Errorf("watch the routes: %w", err)
	}
	defer conn.Close()
	return conn.Settle(in.Set, rtnl.Expected{Local: []netip.Addr{rtnl.Addr(address.IP)}}, addressTime)
}
