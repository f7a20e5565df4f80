// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"fmt"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

// count counts what the end has sent. What comes out of the link is what the far end's interface has received; what is lost is
// known to the interface, to netem at it, or to the cable.
func (e *end) count() (Counters, error) {
	own, err := e.node.conn.Counts(e.index)
	if err != nil {
		return Counters{}, fmt.Errorf("%v %s: %w", e.node.kind, e.node.name, err)
	}
	far, err := e.far.node.conn.Counts(e.far.index)
	if err != nil {
		return Counters{}, fmt.Errorf("%v %s: %w", e.far.node.kind, e.far.node.name, err)
	}
	c := Counters{Delivered: e.before.Delivered + far.Received, Lost: e.before.Lost + own.Dropped}
	if laid, is := e.link.impairer.(*cable.Cable); is {
		of := laid.Counters(impair.Direction(e.side()))
		c.Lost += of.Dropped + of.Lost + of.Overflowed + of.Missed + of.Refused
	}
	return c, nil
}
