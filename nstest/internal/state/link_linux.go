// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// withRoutes runs f with a netlink handle of the Set's network namespace. It does so
// again while something changes as f looks at it; what is found in the end may be
// incomplete, and the error says so.
func (s Subject) withRoutes(f func(*netlink.Handle) error) error {
	return inside.DoIn(s.Set, set.NS_NET, func() error {
		handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return err
		}
		defer handle.Close()
		return rtnl.Undisturbed(10, func() error { return f(handle) })
	})
}

func readLinks(s Subject) (func(*State), error) {
	var list []Link
	err := s.withRoutes(func(handle *netlink.Handle) (err error) {
		list, err = s.listLinks(handle)
		return err
	})
	return func(state *State) { state.Links = list }, err
}

func (s Subject) listLinks(handle *netlink.Handle) (list []Link, err error) {
	all, err := handle.LinkList()
	addresses, addressErr := handle.AddrList(nil, netlink.FAMILY_ALL)
	elsewhere, whereErr := s.namespaces(handle)
	return linksOf(all, addresses, elsewhere), errors.Join(err, addressErr, whereErr)
}

func linksOf(all []netlink.Link, addresses []netlink.Addr, elsewhere map[int]string) (list []Link) {
	for _, l := range all {
		if a := l.Attrs(); rtnl.UnusedFallback(a.Name, l.Type(), a.RawFlags) {
			continue
		}
		list = append(list, linkOf(l, addresses, elsewhere))
	}
	return list
}

func linkOf(l netlink.Link, addresses []netlink.Addr, elsewhere map[int]string) Link {
	a := l.Attrs()
	link := Link{Index: a.Index, Name: a.Name, State: rtnl.StateOf(a.RawFlags), MTU: a.MTU, Master: a.MasterIndex}
	if slices.ContainsFunc(a.HardwareAddr, func(b byte) bool { return b != 0 }) {
		link.MAC = a.HardwareAddr.String()
	}
	for _, address := range addresses {
		if address.LinkIndex == a.Index {
			link.Addresses = append(link.Addresses, addressOf(address))
		}
	}
	switch typed := l.(type) {
	case *netlink.Device:
	case *netlink.Vlan:
		link.Kind = fmt.Sprintf("vlan %d", typed.VlanId)
	case *netlink.Vxlan:
		link.Kind = fmt.Sprintf("vxlan %d", typed.VxlanId)
	case *netlink.Vrf:
		link.Kind = fmt.Sprintf("vrf table %d", typed.Table)
	default:
		link.Kind = l.Type()
	}
	// Some tunnels give their own index.
	if a.ParentIndex != a.Index || a.NetNsID >= 0 {
		link.Below = a.ParentIndex
	}
	if a.NetNsID >= 0 && link.Below != 0 {
		link.Where = elsewhere[a.NetNsID]
		if link.Where == "" {
			link.Where = elsewhereUnknown
		}
	}
	if st := a.Statistics; st != nil && a.Flags&net.FlagLoopback == 0 {
		link.Received, link.Sent = st.RxPackets, st.TxPackets
		link.Dropped = st.RxDropped + st.TxDropped + st.RxErrors + st.TxErrors
	}
	return link
}

// elsewhereUnknown stands for a namespace that is none of a known Set.
const elsewhereUnknown = "another namespace"

func addressOf(a netlink.Addr) Address {
	address := Address{Prefix: rtnl.Prefix(a.IPNet), Notes: rtnl.AddressNotes(a.Flags)}
	if peer := rtnl.Prefix(a.Peer); peer.IsValid() && peer.Addr() != address.Prefix.Addr() {
		address.Peer = peer
	}
	return address
}

// namespaces names those that links of this one may lead to, by the number that
// each has in here.
func (s Subject) namespaces(handle *netlink.Handle) (map[int]string, error) {
	names := make(map[int]string)
	add := func(file *os.File, name string) error {
		id, err := handle.GetNetNsIdByFd(int(file.Fd()))
		if err == nil && id >= 0 {
			names[id] = name
		}
		return err
	}
	self := procfs.Root + "/" + procfs.Self + "/ns/net"
	home, err := os.Open(self)
	if err != nil {
		return nil, err
	}
	defer home.Close()
	id, err := os.Readlink(self)
	errs := []error{err, add(home, id+", this process's")}
	for _, other := range s.Others {
		fds, err := other.Fds(set.NS_NET)
		if err != nil {
			continue // it has none, or is closed
		}
		id, err := other.ID(set.NS_NET)
		errs = append(errs, err, add(fds.Get(set.NS_NET), id), fds.Close())
	}
	return names, errors.Join(errs...)
}
