// SPDX-License-Identifier: Apache-2.0

package topo

import "time"

// AddressTime sets how long nodes may take to get their addresses.
func AddressTime(d time.Duration) Option { return func(c *config) { c.addressTime = d } }

// Quoted and Pattern are what the line to repeat a run is made of.
var (
	Quoted  = quoted
	Pattern = pattern
)

// WithoutIPv6 is for tests of what becomes of a network on a machine that has none.
func WithoutIPv6() Option { return func(c *config) { c.noIPv6 = true } }
