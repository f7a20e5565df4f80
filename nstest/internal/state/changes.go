// SPDX-License-Identifier: Apache-2.0

package state

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// A thing is one that a section lists.
type thing struct {
	key, text string
	bad       bool
}

// A history has what was found last in each section, by key, so that the next look finds what has changed.
type history struct {
	found  map[string]map[string]thing
	wereUp map[string]bool // links that have been
}

// changes returns what is not as it was, of one section.
func (h *history) changes(section string, now []thing) (list []tracedata.Change) {
	before, looked := h.found[section]
	if h.found == nil {
		h.found = make(map[string]map[string]thing)
	}
	next := make(map[string]thing)
	for _, t := range now {
		key := t.key
		for n := 2; next[key] != (thing{}); n++ {
			key = fmt.Sprintf("%s #%d", t.key, n)
		}
		next[key] = t
		if old, was := before[key]; !was || old != t {
			list = append(list, tracedata.Change{Section: section, Key: key, Text: t.text, Bad: t.bad, Initial: !looked})
		}
	}
	h.found[section] = next
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if _, is := next[key]; !is {
			list = append(list, tracedata.Change{Section: section, Key: key, Text: before[key].text, Gone: true})
		}
	}
	return list
}

// links returns the things of the sections links and addresses. A link that carries nothing is bad only if it has
// carried something: each begins like that.
func (h *history) links(list []Link, names map[int]string) (links, addresses []thing) {
	if h.wereUp == nil {
		h.wereUp = make(map[string]bool)
	}
	for _, l := range list {
		isUp := l.State == rtnl.Up
		quiet := l
		quiet.Received, quiet.Sent, quiet.Dropped = 0, 0, 0
		links = append(links, thing{l.Name, strings.Join(parts(l.Name, string(l.State), l.MAC, quiet.detail(names)), "  "), !isUp && h.wereUp[l.Name]})
		h.wereUp[l.Name] = isUp || h.wereUp[l.Name]
		for _, a := range l.Addresses {
			text := a.String() + " dev " + l.Name
			addresses = append(addresses, thing{l.Name + " " + a.Prefix.String(), text, slices.Contains(a.Notes, "dadfailed")})
		}
	}
	return links, addresses
}

func parts(all ...string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

func routeThings(list []Route, names map[int]string) (things []thing) {
	for _, r := range list {
		bad := slices.ContainsFunc(r.Hops, func(h Hop) bool { return slices.Contains(h.Notes, "linkdown") || slices.Contains(h.Notes, "dead") })
		things = append(things, thing{words(r.Type, r.To.String(), "metric", fmt.Sprint(r.Metric), "table", tableName(r.Table)), r.line(names), bad})
	}
	return things
}

func ruleThings(list []Rule) (things []thing) {
	for _, line := range ruleLines(list) {
		things = append(things, thing{line, line, false})
	}
	return things
}

func neighbourThings(list []Neighbour, names map[int]string) (things []thing) {
	for _, n := range list {
		key := n.Addr.String() + " dev " + nameOf(names, n.Link)
		things = append(things, thing{key, words(key, n.MAC, n.State), n.State == "FAILED"})
	}
	return things
}

// Finds lists what was found of what no [Watch] sees: sockets, nftables, forwarding, processes. Each is [tracedata.Change.Initial].
func (s *State) Finds() (list []tracedata.Change) {
	var h history
	for _, section := range []struct {
		name  string
		lines []string
	}{{sockets, socketLines(s.Sockets)}, {nftables, tableLines(s.Tables)}, {forwarding, forwardingLines(s.Forwarding, s.Links)}, {processes, processLines(s.Processes)}} {
		lines := bounded(section.lines)
		if err := s.Troubles[section.name]; err != nil {
			lines = append(lines, fmt.Sprintf("cannot be read: %v", err))
		}
		var things []thing
		for i, line := range lines {
			things = append(things, thing{key: fmt.Sprintf("%03d", i), text: line})
		}
		list = append(list, h.changes(section.name, things)...)
	}
	return list
}
