// SPDX-License-Identifier: Apache-2.0

// Package state tells what namespaces are like: what a person wants to know of
// a test that has failed, and cannot look at any more. It reads over netlink and
// procfs, needs no program, changes nothing, and cannot hang.
//
//	links
//	  lo    UP                       127.0.0.1/8 ::1/128
//	  eth0  UP    52:54:00:12:34:56  192.0.2.2/24 2001:db8::2/64 (tentative)  veth, peer if3 in net:[4026532281]
//	routes
//	  default via 192.0.2.1 dev eth0
//
// There are sections for what there is something to say about. What came with
// the namespace, such as the routes of the local table, goes unsaid.
//
// [Read] finds, and [State.String] prints what was found. It is for logs, not for
// programs: the form may change.
package state

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A State is what was found in the namespaces of a Set. Kinds that the Set lacks
// leave their part empty.
type State struct {
	Links      []Link
	Routes     []Route
	Rules      []Rule
	Neighbours []Neighbour
	Sockets    []Socket
	Tables     []Table
	Mounts     []Mount // the unusual ones
	Unmounted  []Mount // the usual ones that are missing
	Hostname   string  // unless it is this process's
	Domain     string  // NIS; "" for none
	Processes  []Process
	Forwarding *Forwarding // not printed, see [State.Finds]

	// Troubles tell why a section is missing, by its name.
	Troubles map[string]error
}

// The sections, in the order in which they are printed.
const (
	links      = "links"
	routes     = "routes"
	rules      = "rules"
	neighbours = "neighbours"
	sockets    = "sockets"
	nftables   = "nftables"
	mounts     = "mounts"
	hostname   = "hostname"
	processes  = "processes"
)

// What a log can bear.
const (
	maxLines  = 40  // of a section
	maxLength = 300 // characters of a line
)

// String has a section for everything that there is something to say about.
func (s *State) String() string {
	names := s.linkNames()
	var out strings.Builder
	for _, section := range []struct {
		name  string
		lines []string
	}{
		{links, linkLines(s.Links, names)},
		{routes, routeLines(s.Routes, names)},
		{rules, ruleLines(s.Rules)},
		{neighbours, neighbourLines(s.Neighbours, names)},
		{sockets, socketLines(s.Sockets)},
		{nftables, tableLines(s.Tables)},
		{mounts, mountLines(s.Mounts, s.Unmounted)},
		{hostname, s.hostLines()},
		{processes, processLines(s.Processes)},
	} {
		lines := bounded(section.lines)
		if err := s.Troubles[section.name]; err != nil {
			lines = append(lines, fmt.Sprintf("cannot be read: %v", err))
		}
		if len(lines) > 0 {
			fmt.Fprintf(&out, "%s\n  %s\n", section.name, strings.Join(lines, "\n  "))
		}
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func (s *State) hostLines() []string {
	switch {
	case s.Hostname == "":
		return nil
	case s.Domain == "":
		return []string{s.Hostname}
	}
	return []string{s.Hostname + ", domain " + s.Domain}
}

// bounded leaves out what is too much for a log, and says so.
func bounded(lines []string) []string {
	if more := len(lines) - maxLines; more > 0 {
		lines = append(lines[:maxLines:maxLines], fmt.Sprintf("and %d more", more))
	}
	for i, line := range lines {
		lines[i] = shortened(oneLine(line), maxLength)
	}
	return lines
}

// oneLine makes what somebody else has named fit to be printed.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return '?'
		}
		return r
	}, text)
}

func shortened(text string, length int) string {
	if utf8.RuneCountInString(text) <= length {
		return text
	}
	return string([]rune(text)[:length]) + "..."
}

// columns aligns rows of cells. Columns that are empty in all rows are left out.
func columns(rows [][]string) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	lines := make([]string, len(rows))
	for n, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if widths[i] > 0 {
				line.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		lines[n] = strings.TrimRight(line.String(), " ")
	}
	return lines
}

// linkNames has the names of the links by index.
func (s *State) linkNames() map[int]string {
	names := make(map[int]string, len(s.Links))
	for _, l := range s.Links {
		names[l.Index] = l.Name
	}
	return names
}

// nameOf names a link that may be unknown, as the kernel does.
func nameOf(names map[int]string, index int) string {
	if name, known := names[index]; known {
		return name
	}
	return fmt.Sprintf("if%d", index)
}

// words joins what is not empty.
func words(parts ...string) string {
	var all []string
	for _, part := range parts {
		if part != "" {
			all = append(all, part)
		}
	}
	return strings.Join(all, " ")
}
