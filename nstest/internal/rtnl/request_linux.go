// SPDX-License-Identifier: Apache-2.0

package rtnl

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// An End is one end of a veth, as it is to be made.
type End struct {
	Name  string
	Index int // of the interface, which nobody has in its namespace
	MTU   int // 0 for the kernel's
	MAC   net.HardwareAddr
	Group uint32 // see ip-link(8), group
}

func (e End) message() *nl.IfInfomsg {
	m := nl.NewIfInfomsg(unix.AF_UNSPEC)
	m.Index = int32(e.Index)
	return m
}

// attributes has one queue for each direction. The kernel otherwise gives a veth one for each CPU, puts all but one out of
// use, and waits for each CPU twice for that (drivers/net/veth.c, veth_init_queues): half of what the veth takes.
func (e End) attributes() []*nl.RtAttr {
	list := []*nl.RtAttr{
		nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(e.Name)),
		nl.NewRtAttr(unix.IFLA_NUM_TX_QUEUES, nl.Uint32Attr(1)),
		nl.NewRtAttr(unix.IFLA_NUM_RX_QUEUES, nl.Uint32Attr(1)),
	}
	if e.MTU != 0 {
		list = append(list, nl.NewRtAttr(unix.IFLA_MTU, nl.Uint32Attr(uint32(e.MTU))))
	}
	if e.MAC != nil {
		list = append(list, nl.NewRtAttr(unix.IFLA_ADDRESS, e.MAC))
	}
	if e.Group != 0 {
		list = append(list, nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(e.Group)))
	}
	return list
}

// AddVeth makes a veth with one end here, and the other one in the network namespace netns. Both
// are down.
func AddVeth(here, there End, netns int) Request {
	r := request(fmt.Sprintf("add the cable of %s", here.Name), unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	r.AddData(here.message())
	for _, a := range here.attributes() {
		r.AddData(a)
	}
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("veth"))
	peer := info.AddRtAttr(nl.IFLA_INFO_DATA, nil).AddRtAttr(nl.VETH_INFO_PEER, nil)
	peer.AddChild(there.message())
	for _, a := range there.attributes() {
		peer.AddChild(a)
	}
	peer.AddRtAttr(unix.IFLA_NET_NS_FD, nl.Uint32Attr(uint32(netns)))
	r.AddData(info)
	return r
}

// AddBridge makes a bridge, which is down, and does not listen to what is said about multicast groups (MLD and IGMP
// snooping), see [SetSnooping].
func AddBridge(name string, index int) Request {
	r := request("add the bridge "+name, unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	r.AddData(End{Index: index}.message())
	r.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)))
	r.AddData(bridgeInfo(0))
	return r
}

// SetSnooping has a bridge listen to what is said about multicast groups, as the kernel's do by themselves.
func SetSnooping(name string, index int) Request {
	r := request("switch on multicast snooping of "+name, unix.RTM_NEWLINK, 0)
	r.AddData(End{Index: index}.message())
	r.AddData(bridgeInfo(1))
	return r
}

func bridgeInfo(snooping byte) *nl.RtAttr {
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("bridge"))
	info.AddRtAttr(nl.IFLA_INFO_DATA, nil).AddRtAttr(nl.IFLA_BR_MCAST_SNOOPING, []byte{snooping})
	return info
}

// SetUp switches an interface on or off.
func SetUp(name string, index int, up bool) Request {
	what := "switch off "
	m := End{Index: index}.message()
	m.Change = unix.IFF_UP
	if up {
		what, m.Flags = "switch on ", unix.IFF_UP
	}
	r := request(what+name, unix.RTM_NEWLINK, 0)
	r.AddData(m)
	return r
}

// SetUpWithoutARP switches an interface on that asks nobody for addresses: all frames are for its own.
func SetUpWithoutARP(name string, index int) Request {
	m := End{Index: index}.message()
	m.Flags, m.Change = unix.IFF_UP|unix.IFF_NOARP, unix.IFF_UP|unix.IFF_NOARP
	r := request("switch on "+name+" without ARP", unix.RTM_NEWLINK, 0)
	r.AddData(m)
	return r
}

// SetMaster makes an interface a port of a bridge.
func SetMaster(name string, index, master int) Request {
	r := request("attach "+name, unix.RTM_NEWLINK, 0)
	r.AddData(End{Index: index}.message())
	r.AddData(nl.NewRtAttr(unix.IFLA_MASTER, nl.Uint32Attr(uint32(master))))
	return r
}

// SetGroupMaster makes all interfaces of a group ports of a bridge, as one change: nobody else gets the kernel's lock meanwhile.
func SetGroupMaster(what string, group uint32, master int) Request {
	r := request("attach "+what, unix.RTM_NEWLINK, 0)
	r.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	r.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(group)))
	r.AddData(nl.NewRtAttr(unix.IFLA_MASTER, nl.Uint32Attr(uint32(master))))
	return r
}

// SetGroupUp switches all interfaces of a group on, as one change.
func SetGroupUp(what string, group uint32) Request {
	m := nl.NewIfInfomsg(unix.AF_UNSPEC)
	m.Flags, m.Change = unix.IFF_UP, unix.IFF_UP
	r := request("switch on "+what, unix.RTM_NEWLINK, 0)
	r.AddData(m)
	r.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(group)))
	return r
}

// DelGroup deletes all interfaces of a group.
func DelGroup(group uint32) Request {
	r := request(fmt.Sprintf("delete the interfaces of group %d", group), unix.RTM_DELLINK, 0)
	r.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	r.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(group)))
	return r
}

// AddAddress gives an interface an address. It is no error if it has it.
func AddAddress(name string, index int, address netip.Prefix) Request {
	r := request(fmt.Sprintf("add %v to %s", address, name), unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_REPLACE)
	r.explain = func(err error) error { return AddressError(err, name, address.Addr().Is6()) }
	m := nl.NewIfAddrmsg(family(address.Addr()))
	m.Index, m.Prefixlen = uint32(index), uint8(address.Bits())
	bytes := address.Addr().AsSlice()
	r.AddData(m)
	r.AddData(nl.NewRtAttr(unix.IFA_LOCAL, bytes))
	r.AddData(nl.NewRtAttr(unix.IFA_ADDRESS, bytes))
	switch {
	case !address.Addr().Is4():
		r.AddData(nl.NewRtAttr(unix.IFA_FLAGS, nl.Uint32Attr(unix.IFA_F_NODAD)))
	case address.Bits() < 31: // the last address of two is one like the first (RFC 3021)
		r.AddData(nl.NewRtAttr(unix.IFA_BROADCAST, broadcast(address)))
	}
	return r
}

// broadcast is the last address of an IPv4 network.
func broadcast(network netip.Prefix) []byte {
	b := network.Addr().As4()
	for i := network.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return b[:]
}

// SetRoute sets the route to a network in a table: over one of several gateways, or of none for a network
// that is not to be reached.
func SetRoute(table int, to netip.Prefix, gateways []netip.Addr) Request {
	if len(gateways) == 0 {
		return route(fmt.Sprintf("delete the route to %v", to), unix.RTM_DELROUTE, 0, table, to)
	}
	return newRoute("set", unix.NLM_F_REPLACE, table, to, gateways)
}

// AddRoute is [SetRoute] to a network to which there is no route yet.
func AddRoute(table int, to netip.Prefix, gateways []netip.Addr) Request {
	return newRoute("add", unix.NLM_F_EXCL, table, to, gateways)
}

func newRoute(what string, flags, table int, to netip.Prefix, gateways []netip.Addr) Request {
	r := route(fmt.Sprintf("%s the route to %v via %v", what, to, gateways), unix.RTM_NEWROUTE, unix.NLM_F_CREATE|flags, table, to)
	if len(gateways) == 1 {
		r.AddData(nl.NewRtAttr(unix.RTA_GATEWAY, gateways[0].AsSlice()))
		return r
	}
	all := nl.NewRtAttr(unix.RTA_MULTIPATH, nil)
	for _, gateway := range gateways {
		hop := &nl.RtNexthop{RtNexthop: unix.RtNexthop{}}
		hop.Children = []nl.NetlinkRequestData{nl.NewRtAttr(unix.RTA_GATEWAY, gateway.AsSlice())}
		all.AddChild(hop)
	}
	r.AddData(all)
	return r
}

func route(what string, kind, flags, table int, to netip.Prefix) Request {
	r := request(what, kind, flags)
	m := nl.NewRtMsg()
	if kind == unix.RTM_DELROUTE {
		m = nl.NewRtDelMsg()
	}
	m.Family, m.Dst_len, m.Table = uint8(family(to.Addr())), uint8(to.Bits()), uint8(table)
	m.Protocol = unix.RTPROT_STATIC
	r.AddData(m)
	if to.Bits() > 0 {
		r.AddData(nl.NewRtAttr(unix.RTA_DST, to.Addr().AsSlice()))
	}
	return r
}

func family(address netip.Addr) int {
	if address.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}
