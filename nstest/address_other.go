// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package nstest

import "github.com/vishvananda/netlink"

func (in *instance) addIPv6(handle *netlink.Handle, on netlink.Link, address *netlink.Addr) error {
	return handle.AddrAdd(on, address)
}
