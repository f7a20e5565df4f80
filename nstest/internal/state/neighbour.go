// SPDX-License-Identifier: Apache-2.0

package state

import "net/netip"

// A Neighbour is an address on a link that the kernel has asked after, or was
// told of.
type Neighbour struct {
	Addr  netip.Addr
	Link  int
	MAC   string
	State string // "REACHABLE", "FAILED" ... (ip-neighbour(8))
}

func neighbourLines(list []Neighbour, names map[int]string) []string {
	var rows [][]string
	for _, n := range list {
		rows = append(rows, []string{n.Addr.String(), "dev " + nameOf(names, n.Link), n.MAC, n.State})
	}
	return columns(rows)
}
