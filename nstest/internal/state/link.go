// SPDX-License-Identifier: Apache-2.0

package state

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
)

// A Link is a network interface.
type Link struct {
	Index     int
	Name      string
	State     rtnl.LinkState
	MAC       string
	Addresses []Address
	Kind      string // "veth", "vlan 7"; "" for lo and hardware
	MTU       int
	Master    int // the bridge, bond or VRF that it is a port of, or 0

	// Below is the link that it stands on or, for a veth, its peer; 0 for none. If it
	// is elsewhere, Where tells in which namespace.
	Below int
	Where string

	Received, Sent, Dropped uint64 // packets
}

// An Address is one of a link's.
type Address struct {
	Prefix netip.Prefix
	Peer   netip.Prefix // of a point-to-point link, or zero
	Notes  []string     // see rtnl.AddressNotes
}

func (a Address) String() string {
	text := a.Prefix.String()
	if a.Peer.IsValid() {
		text = fmt.Sprintf("%v peer %v", a.Prefix.Addr(), a.Peer)
	}
	if len(a.Notes) > 0 {
		text += " (" + strings.Join(a.Notes, ", ") + ")"
	}
	return text
}

// maxAddresses is how many addresses of a link are printed.
const maxAddresses = 6

// usualMTU goes unsaid, and so does that of a link without hardware below, such
// as lo.
const (
	usualMTU = 1500
	noMTU    = 65536
)

func linkLines(list []Link, names map[int]string) []string {
	var rows [][]string
	for _, l := range list {
		var addresses []string
		for i, a := range l.Addresses {
			if i == maxAddresses {
				addresses = append(addresses, fmt.Sprintf("and %d more", len(l.Addresses)-i))
				break
			}
			addresses = append(addresses, a.String())
		}
		rows = append(rows, []string{l.Name, string(l.State), l.MAC, strings.Join(addresses, " "), l.detail(names)})
	}
	return columns(rows)
}

func (l Link) detail(names map[int]string) string {
	var parts []string
	add := func(when bool, format string, args ...any) {
		if when {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(l.Kind != "", "%s", l.Kind)
	relation := "on"
	if l.Kind == "veth" {
		relation = "peer"
	}
	if l.Where != "" {
		add(l.Below != 0, "%s if%d in %s", relation, l.Below, l.Where)
	} else {
		add(l.Below != 0, "%s %s", relation, nameOf(names, l.Below))
	}
	add(l.Master != 0, "master %s", nameOf(names, l.Master))
	add(l.MTU != usualMTU && l.MTU != noMTU, "mtu %d", l.MTU)
	add(l.Received+l.Sent > 0, "received %d, sent %d", l.Received, l.Sent)
	add(l.Dropped > 0, "dropped %d", l.Dropped)
	return strings.Join(parts, ", ")
}
