// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package rtnl

import (
	"net"

	"github.com/vishvananda/netlink"
)

func interrupted(error) bool { return false }

// Gateway returns the gateway: there is no other place for it.
func Gateway(gateway net.IP, _ netlink.Destination) net.IP { return gateway }
