// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

// Counters count the frames that one of the fixtures has sent, and what has become of them.
type Counters struct {
	Received   uint64 // that were sent into the wire
	Delivered  uint64 // that came out of it
	Dropped    uint64 // by a filter
	Lost       uint64 // by [Loss]
	Duplicated uint64 // copies that were made
	Corrupted  uint64
	Reordered  uint64 // by [Reorder]: left before others
	Overflowed uint64 // found the [Queue] full, and were lost
	Missed     uint64 // came faster than the process took them in, and were lost
	Refused    uint64 // were not taken by the other end, such as one that is down, or frames above its MTU
}

// String lists what is not zero, such as "5 received, 4 delivered, 1 dropped by filters".
func (c Counters) String() string { return cable.Counters(c).String() }

// Counters returns the counters of the frames that one of the two fixtures has sent.
func (w *Wire) Counters(sender *nstest.Fixture) Counters {
	w.tb.Helper()
	directions := w.sentBy(sender)
	if directions == nil {
		w.tb.Fatalf("wire: counters: the fixture %s is at no end of the wire, which joins %s and %s", sender.Name(), w.a.Name(), w.b.Name())
	}
	var sum cable.Counters
	for _, d := range directions {
		sum = sum.Plus(w.cable.Counters(d))
	}
	return Counters(sum)
}

// report says what the wire was like, for the log of a test that has failed.
func (w *Wire) report() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var text strings.Builder
	fmt.Fprintf(&text, "wire: between %s and %s, with the seed %d (repeat it with %s=%[3]d)", w.a.Name(), w.b.Name(), w.config.seed, impair.SeedVariable)
	for d, sender := range []*nstest.Fixture{w.a, w.b} {
		fmt.Fprintf(&text, "\n  from %s: %s", sender.Name(), w.cable.Counters(impair.Direction(d)))
		if rules := w.config.rules[d].String(); rules != "" {
			fmt.Fprintf(&text, "; %s", rules)
		}
	}
	text.WriteString(w.recent.text(w.a.Name(), w.b.Name()))
	return text.String()
}
