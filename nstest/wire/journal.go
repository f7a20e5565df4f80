// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/journal"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// tellLink tells the journal of the wire.
func (w *Wire) tellLink() {
	if !journal.Listening() {
		return
	}
	near, far := w.cable.Names()
	journal.AddLink(w.tb, tracedata.Link{ID: w.id(), Name: w.a.Name() + "-" + w.b.Name(), A: endOf(w.a, near), B: endOf(w.b, far)})
	if w.condition().Text != "" {
		w.tell("begins")
	}
}

// tell tells the journal what the wire does to frames from now on.
func (w *Wire) tell(verb string) {
	if !journal.Listening() {
		return
	}
	condition := w.condition()
	text := condition.Text
	if text == "" {
		text = "perfect"
	}
	journal.Add(w.tb, tracedata.Event{
		Lane: tracedata.FaultLane, Kind: "fault", Link: w.id(), Text: "the " + w.String() + " " + verb + ": " + text,
		Where: callsite.PlaceOutside(thisPackage), Condition: condition,
	})
}

// condition is what the options do to frames.
func (w *Wire) condition() *tracedata.Condition {
	c := &tracedata.Condition{Up: true}
	var texts []string
	for i, rules := range w.config.rules {
		if text := rules.String(); text != "" {
			texts = append(texts, "from "+[]string{w.a.Name(), w.b.Name()}[i]+" "+text)
		}
		c.Bad = c.Bad || rules.Loss > 0 || rules.Corrupt > 0
	}
	if w.config.rules[0] == w.config.rules[1] && len(texts) > 0 {
		texts = []string{w.config.rules[0].String()}
	}
	c.Text = strings.Join(texts, ", ")
	return c
}

// id names the wire in a trace.
func (w *Wire) id() string {
	near, far := w.cable.Names()
	return w.a.Name() + "/" + near + "-" + w.b.Name() + "/" + far
}

// endOf is an end in a trace.
func endOf(f *nstest.Fixture, name string) tracedata.End {
	id, err := f.Set().ID(set.NS_NET)
	if err != nil {
		id = f.Name() // it is closed, and the wire says so
	}
	return tracedata.End{Node: id, Interface: name}
}

// toldAll is of how many frames the journal is told whatever a filter does to them. Of more it is told of the 1000th, the 10,000th
// and so on: a wire carries a hundred thousand frames in a second.
const toldAll = 100

// tell tells the journal what a filter does to a frame.
func (fs *filters) tell(f *filter, frame *Frame, v Verdict, does string) {
	f.acted++
	if !journal.Listening() || f.acted > toldAll && !isRound(f.acted) {
		return
	}
	text := does + " by a filter: " + frame.Summary()
	if f.acted >= toldAll {
		text += fmt.Sprintf(" (frame %d of those that it does not just let pass; the next one that is told of is frame %d)", f.acted, 10*f.acted)
	}
	journal.Add(fs.tb, tracedata.Event{Lane: tracedata.FaultLane, Kind: "verdict", Link: fs.link, Text: text, Where: f.where, Bad: v.v.Bad()})
}

// isRound reports whether n is a power of ten.
func isRound(n uint64) bool {
	for n%10 == 0 && n > 0 {
		n /= 10
	}
	return n == 1
}
