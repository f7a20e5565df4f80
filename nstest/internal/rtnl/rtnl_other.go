// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package rtnl

import (
	"net"

	"github.com/vishvananda/netlink"
)

func interrupted(error) bool { return false }

// gateway returns the address: there is no other place for it.
func gateway(address net.IP, _ netlink.Destination) net.IP { return address }
