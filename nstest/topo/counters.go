// SPDX-License-Identifier: Apache-2.0

package topo

import "fmt"

// Counters count the frames that one end of a link has sent since Up. They mean the same whatever carries the frames. A large
// segment that the kernel has not divided is one frame; links that were made with an impairment have none.
type Counters struct {
	Delivered uint64 // came out at the other end; one that was doubled counts twice
	Lost      uint64 // did not: by [Loss], or because there was no room in the [Queue] or the other end did not take it
}

// String is such as "5 delivered, 1 lost".
func (c Counters) String() string { return fmt.Sprintf("%d delivered, %d lost", c.Delivered, c.Lost) }

// Counters returns the counters of the frames that one of the two nodes has sent. Frames that are on their way, or are still
// to be taken in by a cable, are not counted yet.
//
//	before := wan.Counters(client)
func (l *Link) Counters(sender Node) Counters {
	n := l.in()
	n.tb.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	what := "counters of " + l.String()
	if err := n.usable(); err != nil {
		n.fatal(what, err)
	}
	e, err := l.end(sender)
	if err != nil {
		n.fatal(what, err)
	}
	c, err := e.count()
	if err != nil {
		n.fatal(what, err)
	}
	return c
}
