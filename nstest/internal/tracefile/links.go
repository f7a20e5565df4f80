// SPDX-License-Identifier: Apache-2.0

package tracefile

import (
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// A linkState is what is known of a link at a moment.
type linkState struct {
	id   string
	ends [2]bool // whether its interface is there, and up; true for one that is not known
	seen bool    // that both were up
	is   tracedata.Condition
}

// followLinks says of each change of an interface which link it belongs to, and whether the link carries frames from then on.
func followLinks(t *tracedata.Trace) {
	states := make(map[string]*linkState)
	ends := make(map[tracedata.End]*linkState)
	side := make(map[tracedata.End]int)
	for _, l := range t.Links {
		s := &linkState{id: l.ID, is: tracedata.Condition{Up: true}}
		states[l.ID] = s
		for i, e := range []tracedata.End{l.A, l.B} {
			ends[e], side[e] = s, i
			s.ends[i] = e == tracedata.End{}
		}
	}
	for i := range t.Events {
		e := &t.Events[i]
		if e.Condition != nil {
			if s := states[e.Link]; s != nil {
				s.is = *e.Condition
			}
			continue
		}
		if e.Change == nil || e.Change.Section != "links" {
			continue
		}
		end := tracedata.End{Node: e.Node, Interface: e.Change.Key}
		s := ends[end]
		if s == nil {
			continue
		}
		e.Link = s.id
		s.ends[side[end]] = !e.Change.Gone && isUp(e.Change.Text)
		up := s.ends[0] && s.ends[1]
		s.seen = s.seen || up
		if up != s.is.Up && s.seen {
			s.is.Up = up
			condition := s.is
			e.Condition = &condition
		}
	}
}

// isUp reads the text of a link, whose second word is its state.
func isUp(text string) bool {
	words := strings.Fields(text)
	return len(words) > 1 && words[1] == "UP"
}
