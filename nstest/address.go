// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/vishvananda/netlink"
)

// AddAddress gives an address, such as "2001:db8::1/64", to an interface of the fixture's network namespace. If
// the interface is up, the address can be used when AddAddress returns. AddAddress waits for that, since the
// kernel holds a new IPv6 address back for a moment, even where it does not look for duplicates. On a machine
// without IPv6 the test is skipped, see [Require].
func (f *Fixture) AddAddress(link, cidr string) {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	handle := f.Netlink()
	err := in.addAddress(handle, link, cidr)
	if err == nil {
		return
	}
	if lacking(err) {
		if r := probe.Named("ipv6"); r.OK == probe.No && strings.Contains(cidr, ":") {
			missing(tb, fmt.Sprintf("this machine lacks %v", r))
		}
	}
	err = rtnl.AddressError(err, link, strings.Contains(cidr, ":"))
	tb.Fatalf("nstest: %s: add %s to %s: %v", in.Name, cidr, link, err)
}

func (in *instance) addAddress(handle *netlink.Handle, link, cidr string) error {
	address, err := netlink.ParseAddr(cidr)
	if err != nil {
		return err
	}
	on, err := handle.LinkByName(link)
	if err != nil {
		return err
	}
	if address.IP.To4() != nil {
		return handle.AddrAdd(on, address)
	}
	return in.addIPv6(handle, on, address)
}
