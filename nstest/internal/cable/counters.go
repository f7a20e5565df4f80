// SPDX-License-Identifier: Apache-2.0

package cable

import (
	"fmt"
	"slices"
)

// Counters count the frames of one direction.
type Counters struct {
	Received   uint64 // that were sent into the cable
	Delivered  uint64 // that came out of it
	Dropped    uint64 // by a hook
	Lost       uint64 // by chance
	Duplicated uint64 // copies that were made
	Corrupted  uint64
	Reordered  uint64 // left at once, before others
	Overflowed uint64 // found the queue full
	Missed     uint64 // came faster than this process took them in
	Refused    uint64 // were not taken by the far end, such as one that is down or a frame above its MTU
}

// Plus returns the sums of both.
func (c Counters) Plus(more Counters) Counters {
	c.Received += more.Received
	c.Delivered += more.Delivered
	c.Dropped += more.Dropped
	c.Lost += more.Lost
	c.Duplicated += more.Duplicated
	c.Corrupted += more.Corrupted
	c.Reordered += more.Reordered
	c.Overflowed += more.Overflowed
	c.Missed += more.Missed
	c.Refused += more.Refused
	return c
}

// String lists what is not zero, such as "5 received, 4 delivered, 1 dropped by filters".
func (c Counters) String() string {
	text := fmt.Sprintf("%d received, %d delivered", c.Received, c.Delivered)
	for _, f := range c.faults() {
		text += fmt.Sprintf(", %d %s", f.n, f.what)
	}
	return text
}

// Bad reports whether something that was counted has not arrived as it was sent.
func (c Counters) Bad() bool {
	return c.Dropped+c.Lost+c.Corrupted+c.Overflowed+c.Missed+c.Refused > 0
}

// A fault is something that has happened to n frames.
type fault struct {
	n    uint64
	what string
}

// faults returns those that there were.
func (c Counters) faults() []fault {
	all := []fault{
		{c.Dropped, "dropped by filters"}, {c.Lost, "lost"}, {c.Duplicated, "duplicated"}, {c.Corrupted, "corrupted"}, {c.Reordered, "reordered"},
		{c.Overflowed, "found the queue full"}, {c.Missed, "missed: they came too fast"}, {c.Refused, "refused by the other end"},
	}
	return slices.DeleteFunc(all, func(f fault) bool { return f.n == 0 })
}

// since returns what was counted after before.
func (c Counters) since(before Counters) Counters {
	return Counters{
		Received: c.Received - before.Received, Delivered: c.Delivered - before.Delivered, Dropped: c.Dropped - before.Dropped,
		Lost: c.Lost - before.Lost, Duplicated: c.Duplicated - before.Duplicated, Corrupted: c.Corrupted - before.Corrupted,
		Reordered: c.Reordered - before.Reordered, Overflowed: c.Overflowed - before.Overflowed,
	}
}
