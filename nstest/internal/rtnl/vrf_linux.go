// SPDX-License-Identifier: Apache-2.0

package rtnl

import (
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// vrfTable is IFLA_VRF_TABLE of linux/if_link.h.
const vrfTable = 1

// unreachableMetric is more than that of any other route, and less than that by which the kernel's own rules go
// (Documentation/networking/vrf.rst).
const unreachableMetric = 4278198272

// AddVRF makes a VRF, which is up, with its routing table. What has no route in there is unreachable; without that, the kernel
// would look into the main table next.
func AddVRF(name string, index, table int) []Request {
	r := request("add the VRF "+name, unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	m := End{Index: index}.message()
	m.Flags, m.Change = unix.IFF_UP, unix.IFF_UP
	r.AddData(m)
	r.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)))
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("vrf"))
	info.AddRtAttr(nl.IFLA_INFO_DATA, nil).AddRtAttr(vrfTable, nl.Uint32Attr(uint32(table)))
	r.AddData(info)
	all := []Request{r}
	for _, everywhere := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		to := netip.PrefixFrom(everywhere, 0)
		refuse := route("refuse what the VRF "+name+" has no route for", unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, table, to)
		refuse.Data[0].(*nl.RtMsg).Type = unix.RTN_UNREACHABLE
		refuse.AddData(nl.NewRtAttr(unix.RTA_PRIORITY, nl.Uint32Attr(unreachableMetric)))
		all = append(all, refuse)
	}
	return all
}
