// SPDX-License-Identifier: Apache-2.0

package wires

import "github.com/seed-1bc5c4a2/gonso/nstest/wire"

// AddFilters adds so many filters to a wire, each of which looks at the port of each datagram.
func AddFilters(w *wire.Wire, n int) {
	for range n {
		w.Filter(func(f *wire.Frame) wire.Verdict {
			if udp := f.UDP(); udp != nil && udp.DstPort == 1 {
				return wire.Drop
			}
			return wire.Pass
		})
	}
}
