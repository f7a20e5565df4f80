// SPDX-License-Identifier: Apache-2.0

package rtnl

import (
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A Saved is what an interface has, so that another one can take its place: with its name, index, addresses and routes, so
// that sockets go on.
type Saved struct {
	Name   string
	Index  int
	MAC    net.HardwareAddr
	MTU    int
	Up     bool
	master int

	addresses, neighbours []Request
	routes, beyond        []Request // those that need no gateway, and those that do
}

// Save saves what an interface has. It is an error if another interface is on top of it, since that one would be
// lost.
func (c *Conn) Save(index int) (*Saved, error) {
	s := &Saved{Index: index}
	if err := c.saveLink(s); err != nil {
		return nil, err
	}
	for _, list := range []struct {
		kind int
		save func(m syscall.NetlinkMessage, attributes []syscall.NetlinkRouteAttr)
		size int // of the message before the attributes
	}{
		{unix.RTM_GETADDR, s.saveAddress, unix.SizeofIfAddrmsg},
		{unix.RTM_GETROUTE, s.saveRoute, unix.SizeofRtMsg},
		{unix.RTM_GETNEIGH, s.saveNeighbour, unix.SizeofNdMsg},
	} {
		err := c.dump(list.kind, nl.NewIfInfomsg(unix.AF_UNSPEC), func(m syscall.NetlinkMessage) error {
			attributes, err := nl.ParseRouteAttr(m.Data[list.size:])
			if err == nil {
				list.save(m, attributes)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("save %s: %w", s.Name, err)
		}
	}
	return s, nil
}

func (c *Conn) saveLink(s *Saved) error {
	var above []string
	err := c.dump(unix.RTM_GETLINK, nl.NewIfInfomsg(unix.AF_UNSPEC), func(m syscall.NetlinkMessage) error {
		info := nl.DeserializeIfInfomsg(m.Data)
		attributes, err := nl.ParseRouteAttr(m.Data[unix.SizeofIfInfomsg:])
		var is Saved
		below, elsewhere := is.take(attributes)
		switch {
		case int(info.Index) == s.Index:
			s.Name, s.Up = is.Name, info.Flags&unix.IFF_UP != 0
			s.MAC, s.MTU, s.master = is.MAC, is.MTU, is.master
		case below == s.Index && !elsewhere:
			above = append(above, is.Name)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case s.Name == "":
		return fmt.Errorf("there is no interface %d any more: %w", s.Index, unix.ENODEV)
	case len(above) > 0:
		return fmt.Errorf("%s is under %s, which would be lost: %w", s.Name, strings.Join(above, " and "), unix.EBUSY)
	}
	return nil
}

// take takes what the attributes of an interface say. below is the interface that it is on, elsewhere says that this is in
// another network namespace.
func (s *Saved) take(attributes []syscall.NetlinkRouteAttr) (below int, elsewhere bool) {
	number := func(value []byte) int { return int(binary.NativeEndian.Uint32(value)) }
	for _, a := range attributes {
		switch a.Attr.Type {
		case unix.IFLA_IFNAME:
			s.Name = nl.BytesToString(a.Value)
		case unix.IFLA_LINK:
			below = number(a.Value)
		case unix.IFLA_LINK_NETNSID:
			elsewhere = true
		case unix.IFLA_ADDRESS:
			s.MAC = a.Value
		case unix.IFLA_MTU:
			s.MTU = number(a.Value)
		case unix.IFLA_MASTER:
			s.master = number(a.Value)
		}
	}
	return below, elsewhere
}

// Flags of addresses that are settings, and not states (linux/if_addr.h).
const addressSettings = unix.IFA_F_HOMEADDRESS | unix.IFA_F_MANAGETEMPADDR | unix.IFA_F_NOPREFIXROUTE | unix.IFA_F_MCAUTOJOIN

func (s *Saved) saveAddress(m syscall.NetlinkMessage, attributes []syscall.NetlinkRouteAttr) {
	message := nl.DeserializeIfAddrmsg(m.Data)
	if int(message.Index) != s.Index {
		return
	}
	is6 := message.Family == unix.AF_INET6
	flags := uint32(message.Flags)
	for _, a := range attributes {
		if a.Attr.Type == unix.IFA_FLAGS {
			flags = binary.NativeEndian.Uint32(a.Value)
		}
	}
	if is6 && flags&unix.IFA_F_TEMPORARY != 0 {
		return // the kernel makes another one (RFC 8981)
	}
	flags &= addressSettings
	if is6 {
		flags |= unix.IFA_F_NODAD // it was looked for before
	}
	message.Flags = 0
	r := request("restore an address of "+s.Name, unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_REPLACE)
	r.AddData(message)
	for _, a := range attributes {
		switch a.Attr.Type {
		case unix.IFA_ADDRESS, unix.IFA_LOCAL, unix.IFA_LABEL, unix.IFA_BROADCAST, unix.IFA_CACHEINFO, unix.IFA_RT_PRIORITY:
			r.AddData(nl.NewRtAttr(int(a.Attr.Type), a.Value))
		}
	}
	r.AddData(nl.NewRtAttr(unix.IFA_FLAGS, nl.Uint32Attr(flags)))
	s.addresses = append(s.addresses, r)
}

// daemons are the routing daemons that the kernel knows by number (linux/rtnetlink.h). They see their interface go and come, look for
// routes anew, and would miss one that somebody else puts back, even if they had found a better one meanwhile.
var daemons = []uint8{
	unix.RTPROT_GATED, unix.RTPROT_ZEBRA, unix.RTPROT_BIRD, unix.RTPROT_XORP, unix.RTPROT_MROUTED, unix.RTPROT_KEEPALIVED, unix.RTPROT_BABEL,
	unix.RTPROT_OPENR, unix.RTPROT_BGP, unix.RTPROT_ISIS, unix.RTPROT_OSPF, unix.RTPROT_RIP, unix.RTPROT_EIGRP,
}

func (s *Saved) saveRoute(m syscall.NetlinkMessage, attributes []syscall.NetlinkRouteAttr) {
	message := nl.DeserializeRtMsg(m.Data)
	if message.Protocol == unix.RTPROT_KERNEL || message.Flags&unix.RTM_F_CLONED != 0 || slices.Contains(daemons, message.Protocol) {
		return // these come by themselves
	}
	over, list := false, &s.routes
	for _, a := range attributes {
		switch a.Attr.Type {
		case unix.RTA_OIF:
			over = int(binary.NativeEndian.Uint32(a.Value)) == s.Index
		case unix.RTA_MULTIPATH:
			over = over || s.isHop(a.Value)
		}
		switch a.Attr.Type {
		case unix.RTA_GATEWAY, unix.RTA_VIA, unix.RTA_MULTIPATH:
			list = &s.beyond
		}
	}
	if !over {
		return
	}
	message.Flags &= unix.RTNH_F_ONLINK
	r := request("restore a route over "+s.Name, unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_REPLACE)
	r.AddData(message)
	for _, a := range attributes {
		if a.Attr.Type != unix.RTA_CACHEINFO {
			r.AddData(nl.NewRtAttr(int(a.Attr.Type), a.Value))
		}
	}
	*list = append(*list, r)
}

// isHop reports whether one of several next hops is over the interface, and forgets the states of all.
func (s *Saved) isHop(hops []byte) (over bool) {
	for len(hops) >= unix.SizeofRtNexthop {
		length := int(binary.NativeEndian.Uint16(hops))
		hops[2] &= unix.RTNH_F_ONLINK // struct rtnexthop, rtnh_flags
		over = over || int(binary.NativeEndian.Uint32(hops[4:])) == s.Index
		if length = (length + 3) &^ 3; length < unix.SizeofRtNexthop || length > len(hops) {
			break
		}
		hops = hops[length:]
	}
	return over
}

func (s *Saved) saveNeighbour(m syscall.NetlinkMessage, attributes []syscall.NetlinkRouteAttr) {
	const indexAt, stateAt = 4, 8 // struct ndmsg
	state := m.Data[stateAt : stateAt+2]
	if int(binary.NativeEndian.Uint32(m.Data[indexAt:])) != s.Index {
		return
	}
	switch binary.NativeEndian.Uint16(state) {
	case unix.NUD_PERMANENT, unix.NUD_REACHABLE, unix.NUD_STALE:
	case unix.NUD_DELAY, unix.NUD_PROBE: // on the way to be reachable again
		binary.NativeEndian.PutUint16(state, unix.NUD_STALE)
	default:
		return
	}
	r := request("restore a neighbour of "+s.Name, unix.RTM_NEWNEIGH, unix.NLM_F_CREATE|unix.NLM_F_REPLACE)
	r.AddData(raw(m.Data[:unix.SizeofNdMsg]))
	for _, a := range attributes {
		if a.Attr.Type == unix.NDA_DST || a.Attr.Type == unix.NDA_LLADDR {
			r.AddData(nl.NewRtAttr(int(a.Attr.Type), a.Value))
		}
	}
	s.neighbours = append(s.neighbours, r)
}

// raw is a part of a message as the kernel has sent it.
type raw []byte

func (r raw) Len() int          { return len(r) }
func (r raw) Serialize() []byte { return r }

// Restore gives all that was saved to the interface that has the place now.
func (s *Saved) Restore() (list []Request) {
	if s.master != 0 {
		list = append(list, SetMaster(s.Name, s.Index, s.master))
	}
	if s.Up {
		list = append(list, SetUp(s.Name, s.Index, true))
	}
	return slices.Concat(list, s.addresses, s.routes, s.beyond, s.neighbours)
}

// DelLink deletes an interface.
func DelLink(name string, index int) Request {
	r := request("delete "+name, unix.RTM_DELLINK, 0)
	r.AddData(End{Index: index}.message())
	return r
}
