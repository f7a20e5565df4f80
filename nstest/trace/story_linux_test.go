// SPDX-License-Identifier: Apache-2.0

package trace_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// story tells what is in a trace, without what differs from run to run: times, hardware addresses, ephemeral ports, process IDs,
// how often something was sent.
func story(t *tracedata.Trace) string {
	var out strings.Builder
	names := make(map[string]string)
	for _, n := range t.Nodes {
		names[n.ID] = n.Name
	}
	line := func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		for id, name := range names {
			text = strings.ReplaceAll(text, id, name)
		}
		for _, v := range volatile {
			text = v.pattern.ReplaceAllString(text, v.by)
		}
		out.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	line("%s %s: %s", t.Test.Name, t.Test.Verdict, t.Test.Message)
	line("%s", sourceOf(t, t.Test.Where))
	for _, n := range t.Nodes {
		line("%s %s", n.Role, n.Name)
	}
	for _, l := range t.Links {
		line("link %s/%s to %s/%s", l.A.Node, l.A.Interface, l.B.Node, l.B.Interface)
	}
	for _, lanes := range [][]tracedata.Lane{{tracedata.TestLane, tracedata.FaultLane}, {tracedata.ProcessesLane}} {
		for _, e := range t.Events {
			if slices.Contains(lanes, e.Lane) && e.Kind != "output" {
				line("%s %s %s", e.Kind, e.Node, e.Text)
			}
		}
	}
	for _, n := range t.Nodes {
		for _, thing := range slices.Sorted(slices.Values(stateAt(t, n.ID, momentOf(t, "failure")))) {
			if telling.MatchString(thing) && !strings.Contains(thing, "fe80:") {
				line("%s has %s", n.Name, thing)
			}
		}
	}
	carried := make(map[string]bool)
	for _, p := range t.Packets {
		if said.MatchString(p.Summary) {
			carried[strings.TrimSpace(fmt.Sprintf("%s/%s to %s/%s %s %s", p.From.Node, p.From.Interface, p.To.Node, p.To.Interface, p.Summary, p.Fate))] = true
		}
	}
	before := out.Len()
	for packet := range maps.Keys(carried) {
		line("%s", packet)
	}
	head, packets := out.String()[:before], strings.Split(strings.TrimSpace(out.String()[before:]), "\n")
	slices.Sort(packets)
	return head + strings.Join(slices.Compact(packets), "\n") + "\n"
}

func sourceOf(t *tracedata.Trace, at tracedata.Place) string {
	for _, s := range t.Sources {
		if n := at.Line - s.First; s.File == at.File && n >= 0 && n < len(s.Lines) {
			return strings.TrimSpace(s.Lines[n])
		}
	}
	return "no source"
}

// telling is of the state what does not depend on timers.
var telling = regexp.MustCompile(`^(links|routes|nftables)|^sockets .*LISTEN`)

// said is of the packets what comes in each run. How data is cut into
// segments, how connections end, and how often a neighbour is asked for is another matter each time.
var said = regexp.MustCompile(`^(TCP SYN|UDP|ICMP .*unreachable)`)

var volatile = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`([0-9a-f]{2}:){5}[0-9a-f]{2}`), "MAC"},
	{regexp.MustCompile(`:[3-6]\d{4}\b`), ":*"},
	{regexp.MustCompile(`\(\d+\)`), "(PID)"},
	{regexp.MustCompile(`_test\.go:\d+`), "_test.go:LINE"},
	{regexp.MustCompile(`\bif\d+\b`), "ifN"},
	{regexp.MustCompile(`/\S*/pid\b`), "FOLDER/pid"},
	{regexp.MustCompile(`\bn\d+\.example`), "nN.example"},
	{regexp.MustCompile(` ?\(again[^)]*\)`), ""},
	{regexp.MustCompile(`\bNOT-RUNNING\b`), "UP"}, // until the kernel looks at changes of links, as it does once a second
	{regexp.MustCompile(`(\S) +`), "$1 "},         // columns
}
