// SPDX-License-Identifier: Apache-2.0

package rtnl

import (
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Before Linux 6.8 an interface has the flags of one that runs before the kernel has had it come into operation.
func TestAnInterfaceRunsWhenItIsInOperation(t *testing.T) {
	for _, c := range []struct {
		flags, operation uint32
		want             LinkState
	}{
		{up | running | lowerUp, netlink.OperUp, Up},
		{up | running | lowerUp, netlink.OperUnknown, NotRunning},
		{up | running | lowerUp, netlink.OperLowerLayerDown, NotRunning},
		{up, netlink.OperUp, NoCarrier},
		{0, netlink.OperDown, Down},
	} {
		info := nl.NewIfInfomsg(unix.AF_UNSPEC)
		info.Flags = c.flags
		operation := nl.NewRtAttr(unix.IFLA_OPERSTATE, []byte{byte(c.operation)})
		if state, err := stateIn(info, operation.Serialize()); state != c.want || err != nil {
			t.Errorf("flags %#x in operation %v: %v, %v, want %v", c.flags, netlink.LinkOperState(c.operation), state, err, c.want)
		}
	}
}
