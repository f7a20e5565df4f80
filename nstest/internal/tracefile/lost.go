// SPDX-License-Identifier: Apache-2.0

package tracefile

import (
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// told is how much later than a packet the kernel may tell of what has befallen it.
const told = 50 * time.Millisecond

// findLost says of what was sent and has not arrived that it has not. What is delayed may still be on its way, and what was sent
// last may have arrived when nobody looked at the far end any more.
func (c *capture) findLost() {
	for key, waiting := range c.sent {
		far := c.links[key.from].far
		if far == (tracedata.End{}) {
			continue
		}
		watched := c.watchedUntil(far.Node)
		for _, p := range waiting {
			now, then := c.conditionAt(key.link, p.At), c.conditionAt(key.link, p.At+told.Nanoseconds())
			switch {
			case p.Fate != "":
				continue
			case !now.Up:
				p.Fate = "lost: the link is down"
			case now.Bad:
				p.Fate = "lost on the link"
			case watched-p.At < told.Nanoseconds():
				continue
			case !then.Up:
				p.Fate = "lost: the link is down"
			case now.Text != "" && watched-p.At < time.Second.Nanoseconds():
				continue
			default:
				p.Fate = "has not arrived at " + far.Interface
			}
			p.Bad = true
		}
	}
}

// watchedUntil returns when the capture of a node has ended, or links may be gone. That of a killed process has ended with the last that
// it has seen.
func (c *capture) watchedUntil(node string) int64 {
	if end, ok := c.ends[node]; ok {
		return min(c.last, end.Sub(c.trace.Test.Began).Nanoseconds())
	}
	return c.last
}

// conditionAt returns what a link did to frames at a moment.
func (c *capture) conditionAt(link string, at int64) tracedata.Condition {
	is := tracedata.Condition{Up: true}
	for _, e := range c.trace.Events {
		if e.At > at {
			break
		}
		if e.Link == link && e.Condition != nil {
			is = *e.Condition
		}
	}
	return is
}
