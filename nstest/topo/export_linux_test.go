// SPDX-License-Identifier: Apache-2.0

package topo

import "github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"

// Cables has a network do without netem.
func Cables() Option { return func(c *config) { c.cables = true } }

// Netem returns what has the kernel impair a link.
func Netem(l *Link) impair.Impairer { return &netem{l.ends} }

// NetemHasSeed reports whether netem takes a seed.
func NetemHasSeed() (bool, error) { return netemHasSeed() }

// Impairer returns what impairs a link.
func Impairer(l *Link) impair.Impairer { return l.impairer }
