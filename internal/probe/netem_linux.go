// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// tryNetem has a token bucket filter queue packets by netem, as package nstest/topo does. The kernel loads
// the modules for them, if they are to be had.
func tryNetem() Result {
	return inNewNet("netem, or no tbf to go before it", func(handle *netlink.Handle) error {
		lo, err := handle.LinkByName("lo")
		if err != nil {
			return err
		}
		attrs := netlink.QdiscAttrs{LinkIndex: lo.Attrs().Index, Handle: netlink.MakeHandle(1, 0), Parent: netlink.HANDLE_ROOT}
		const rate, bucket = 1 << 30, 1 << 16 // bytes
		err = handle.QdiscAdd(&netlink.Tbf{QdiscAttrs: attrs, Rate: rate, Buffer: bucket, Limit: bucket})
		if err == nil {
			attrs.Parent, attrs.Handle = netlink.MakeHandle(1, 1), netlink.MakeHandle(2, 0)
			err = handle.QdiscAdd(netlink.NewNetem(attrs, netlink.NetemQdiscAttrs{}))
		}
		if errors.Is(err, unix.ENOENT) { // of an unknown kind (net/sched/sch_api.c, qdisc_create)
			return unix.EOPNOTSUPP
		}
		return err
	})
}
