// SPDX-License-Identifier: Apache-2.0

package topo

import "github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"

// Netem returns what has the kernel impair a link.
func Netem(l *Link) impair.Impairer { return &netem{l.ends} }

// NetemSeeded reports whether netem of a link that it impairs takes a seed.
func NetemSeeded(l *Link) (bool, error) {
	e := l.ends[0]
	_, has, err := e.node.conn.NetemSeed(e.index)
	return has, err
}
