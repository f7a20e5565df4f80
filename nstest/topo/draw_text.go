// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// mostLinks is how many links the picture in a log has.
const mostLinks = 24

// rank is less for links that matter more to a test that fails: those that are down, then those that are impaired.
func (l *Link) rank() int {
	switch {
	case l.down:
		return 0
	case l.impaired():
		return 1
	}
	return 2
}

// text draws the network in a line for each link, by their ranks. It is called with the lock
// held.
//
//	client  eth0 10.0.0.1 fd00::1  ───────  10.0.0.2 fd00::2 eth0  west
//	west    eth1 10.0.1.1          ─ down ─  10.0.1.2        eth0  server
func (n *Network) text() string {
	links := slices.Clone(n.links)
	slices.SortStableFunc(links, func(a, b *Link) int { return a.rank() - b.rank() })
	var rows [][]string
	for _, l := range links[:min(len(links), mostLinks)] {
		near, far := l.ends[0].labels(), l.ends[1].labels()
		wire := "───"
		if notes := l.notes(); len(notes) > 0 {
			wire = "─ " + strings.Join(notes, ", ") + " ─"
		}
		rows = append(rows, []string{n.named(l.ends[0].node), strings.Join(near, " "), wire, strings.Join(far, " "), n.named(l.ends[1].node)})
	}
	width := make([]int, 5)
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			fill := " "
			if i == 2 {
				fill = "─"
			}
			line.WriteString("  " + cell + strings.Repeat(fill, width[i]-utf8.RuneCountInString(cell)))
		}
		b.WriteString("\n" + strings.TrimRight(line.String(), " "))
	}
	if left := len(links) - mostLinks; left > 0 {
		fmt.Fprintf(&b, "\n  and %d links more", left)
	}
	return b.String()
}

// named returns the node's name, what preset it has, and from whom it is cut off.
func (n *Network) named(node *node) string {
	notes := node.notes()
	if note := n.noteFor(node); note != "" {
		notes = append(notes, note)
	}
	if len(notes) == 0 {
		return node.name
	}
	return node.name + " (" + strings.Join(notes, ", ") + ")"
}
