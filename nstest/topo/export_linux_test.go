// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

// Cables has a network do without netem.
func Cables() Option { return func(c *config) { c.cables = true } }

// Netem returns what has the kernel impair a link.
func Netem(l *Link) impair.Impairer { return &netem{l.ends} }

// NetemHasSeed reports whether netem takes a seed.
func NetemHasSeed() (bool, error) { return netemHasSeed() }

// Impairer returns what impairs a link.
func Impairer(l *Link) impair.Impairer { return l.impairer }

// LeasedFrom returns since when a host has the leases of its first link.
func LeasedFrom(h *Host) (v4, v6 time.Time) {
	h.n.network.mu.Lock()
	defer h.n.network.mu.Unlock()
	return h.n.ends[0].lease4.term.from, h.n.ends[0].lease6.term.from
}
