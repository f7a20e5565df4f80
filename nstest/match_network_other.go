// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package nstest

import (
	"net"

	"github.com/vishvananda/netlink"
)

// interrupted tells that a list may be incomplete.
func interrupted(error) bool { return false }

func gatewayOf(hop *netlink.NexthopInfo) net.IP { return hop.Gw }
