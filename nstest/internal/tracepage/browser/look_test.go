// SPDX-License-Identifier: Apache-2.0

package browser_test

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracepage/tracetest"
)

// contrast is a script that returns the texts that are hard to read.
//
//go:embed testdata/contrast.js
var contrast string

// TestLooks opens each page at three widths, by day and by night.
func TestLooks(t *testing.T) {
	traces := tracetest.Prepared(t)
	traces["wide"] = tracetest.Wide(1000)
	for _, name := range slices.Sorted(maps.Keys(traces)) {
		t.Run(name, func(t *testing.T) {
			page := open(t, traces[name], desk)
			for _, width := range []int64{390, 1024, 1600} {
				page.look(look{width, 1000, "light"})
				page.load()
				if wide := eval[int64](page, "document.documentElement.scrollWidth"); wide > width {
					t.Errorf("at %d pixels, the page is %d wide", width, wide)
				}
				page.checkNames()
				for _, scheme := range []string{"light", "dark"} {
					page.look(look{width, 1000, scheme})
					for _, text := range eval[[]string](page, contrast) {
						t.Errorf("at %d pixels, %s: hard to read is %s", width, scheme, text)
					}
				}
			}
		})
	}
}

// checkNames fails the test if something that can be used or gone to has no name.
func (t *tab) checkNames() {
	t.Helper()
	tree := call(t, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	want := strings.Fields("button combobox listbox option slider searchbox tab tabpanel region navigation dialog radiogroup textbox")
	seen := map[string]int{}
	for _, node := range tree.Nodes {
		if node.Ignored || node.Role == nil || !slices.Contains(want, value(node.Role)) {
			continue
		}
		seen[value(node.Role)]++
		if value(node.Name) == "" {
			t.Errorf("a %s has no name (node %d)", value(node.Role), node.BackendDOMNodeID)
		}
	}
	for _, role := range []string{"button", "combobox", "listbox", "slider", "searchbox", "tab", "region"} {
		if seen[role] == 0 {
			t.Errorf("a screen reader sees no %s: %v", role, seen)
		}
	}
}

func value(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	return strings.Trim(string(v.Value), `"`)
}

// TestTheFirstScreenNamesTheCause reads what is seen without a click.
func TestTheFirstScreenNamesTheCause(t *testing.T) {
	causes := map[string][]string{
		"failover":    {"neighbour 10.0.3.9 eth2 FAILED", "via 10.0.3.9", "wan is down"},
		"wrong-route": {"west: neighbour 10.0.1.9 dev eth1 FAILED", "route 10.0.2.0/24 via 10.0.1.9 dev eth1 goes by it", "close to “maintenance of west”"},
		"firewall":    {"10.0.0.2:80 gets no answer", "reached server/eth0, which sent none", "nftables of server", "policy drop"},
		"dead-daemon": {"has ended: signal: killed", "ICMP port unreachable 10.0.0.2", "is refused", "refused: ICMP port unreachable from resolver (10.0.0.2)"},
		"lost-syn":    {"1 packet on client-server: dropped by the filter of prepared_suite_linux_test.go:", "TCP SYN", "gets a filter"},
		"mtu-hole":    {"gets no answer any more", "do not go through west/eth1, mtu 1400", "nftables of west", "icmp type 3 drop"},
	}
	all := tracetest.Prepared(t)
	// A test may give up while the kernel still asks for the neighbour.
	causes["impatient"] = []string{"west: neighbour 10.0.1.9 dev eth1 INCOMPLETE", "route 10.0.2.0/24 via 10.0.1.9 dev eth1 goes by it"}
	all["impatient"] = tracetest.Prepared(t)["wrong-route"]
	for i := range all["impatient"].Events {
		if c := all["impatient"].Events[i].Change; c != nil && c.Section == "neighbours" && c.Bad {
			c.Text, c.Bad = strings.Replace(c.Text, "FAILED", "INCOMPLETE", 1), false
		}
	}
	// A filter may drop all answers.
	causes["answer"] = []string{"192.0.2.2:7 gets no answer", "reached server/eth0, whose answer was lost: dropped by the filter of x_test.go:1"}
	all["answer"] = tracetest.Prepared(t)["lost-syn"]
	for i := range all["answer"].Packets {
		p := &all["answer"].Packets[i]
		p.Fate, p.Bad = "", false
		if strings.Contains(p.Summary, "192.0.2.2:7 > ") {
			p.Fate, p.Bad = "dropped by the filter of x_test.go:1", true
		}
	}
	// A router may pass nothing on.
	causes["forwarding"] = []string{"10.0.2.2:80 gets no answer", "seen up to west/eth0, not beyond", "west does not forward IPv4 packets"}
	all["forwarding"] = noRouter(tracetest.Prepared(t)["wrong-route"])
	for name, trace := range all {
		t.Run(name, func(t *testing.T) {
			page := open(t, trace, desk)
			findings := page.text("#findings")
			for _, cause := range causes[name] {
				if !strings.Contains(findings, cause) {
					t.Errorf("no word of %q", cause)
				}
			}
			if len(causes[name]) == 0 || t.Failed() {
				t.Errorf("the findings are:\n%s", findings)
			}
			for _, id := range []string{"failure", "findings", "network", "node", "timeline"} {
				if bottom := eval[float64](page, fmt.Sprintf("document.getElementById(%q).getBoundingClientRect().bottom", id)); bottom > 1000 {
					t.Errorf("%s ends at %v pixels, below the first screen", id, bottom)
				}
			}
			if !strings.Contains(page.text("#failure"), trace.Test.Message) || !strings.Contains(page.text("#verdict"), trace.Test.Name) {
				t.Error("test or message are missing")
			}
		})
	}
}

// TestNothingInnocentIsBlamed has marks around what a cable's fault has done.
func TestNothingInnocentIsBlamed(t *testing.T) {
	end := func(node string) tracedata.End { return tracedata.End{Node: node, Interface: "eth0"} }
	down := &tracedata.Condition{Text: "down", Bad: true}
	trace := &tracedata.Trace{
		Version: tracedata.Version, Test: tracedata.Test{Name: "TestBlame", Verdict: tracedata.Unfinished, Duration: 2e9},
		Nodes: []tracedata.Node{{ID: "a", Name: "a"}, {ID: "b", Name: "b"}},
		Links: []tracedata.Link{{ID: "l", Name: "wan", A: end("a"), B: end("b")}},
		Events: []tracedata.Event{
			{At: 1000e6, Lane: tracedata.TestLane, Kind: "mark", Text: "long before"},
			{At: 1050e6, Lane: tracedata.NetworkLane, Kind: "change", Node: "a", Text: "x", Change: &tracedata.Change{Section: "routes", Key: "x", Text: "x", Bad: true}},
			{At: 1200e6, Lane: tracedata.FaultLane, Kind: "fault", Link: "l", Text: "wan.Down()", Condition: down},
			{At: 1260e6, Lane: tracedata.TestLane, Kind: "mark", Text: "innocent"},
			{At: 1265e6, Lane: tracedata.NetworkLane, Kind: "change", Node: "b", Text: "y", Change: &tracedata.Change{Section: "routes", Key: "y", Text: "y", Bad: true}},
		},
		Packets: []tracedata.Packet{{At: 1270e6, Link: "l", From: end("a"), To: end("b"), Summary: "UDP 192.0.2.1:1 > 192.0.2.2:9", Fate: "lost: the link is down", Bad: true}},
	}
	findings := open(t, trace, desk).text("#findings")
	for _, want := range []string{"What was different at the end", "after “long before”", "down since 1.200 s, by wan.Down()", "close to “innocent”"} {
		if !strings.Contains(findings, want) {
			t.Errorf("no word of %q", want)
		}
	}
	if n := strings.Count(findings, "since 1.200 s, by wan.Down()"); n != 2 {
		t.Errorf("what took the link down is named %d times, want of the link and of the packet", n)
	}
	if t.Failed() || strings.Contains(findings, "after “innocent”") {
		t.Errorf("the findings are:\n%s", findings)
	}
}

func TestOnPaperThereAreNoControls(t *testing.T) {
	page := open(t, tracetest.Prepared(t)["failover"], desk)
	call(page, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	if n := eval[int](page, `[...document.querySelectorAll('.tools, #filter, [role=tablist]')].filter((e) => e.offsetParent).length`); n != 0 {
		t.Errorf("%d groups of controls are printed", n)
	}
}

func TestWhatIsLeftOutIsSaidOnTheFirstScreen(t *testing.T) {
	trace := tracetest.Large(10)
	trace.Omitted = []string{"90 packets are not in here.", "The log is cut."}
	page := open(t, trace, desk)
	if text := page.text("#findings"); !strings.Contains(text, "90 packets are not in here. More of it is at the end.") {
		t.Error(text)
	}
	if text := page.text("#omitted"); !strings.Contains(text, "The log is cut.") {
		t.Error(text)
	}
}

// noRouter returns a trace in which the router west has passed nothing on from the beginning.
func noRouter(trace *tracedata.Trace) *tracedata.Trace {
	west := ""
	for _, n := range trace.Nodes {
		if n.Name == "west" {
			west = n.ID
		}
	}
	trace.Packets = slices.DeleteFunc(trace.Packets, func(p tracedata.Packet) bool {
		return p.To.Node != west || !strings.Contains(p.Summary, "> 10.0.2.2:80")
	})
	trace.Events = slices.DeleteFunc(trace.Events, func(e tracedata.Event) bool {
		return e.Change != nil && (e.Change.Section == "neighbours" || e.Change.Section == "forwarding")
	})
	for i, e := range trace.Events {
		if e.Kind == "failure" {
			off := &tracedata.Change{Section: "forwarding", Key: "000", Text: "IPv4 off", Initial: true}
			trace.Events = slices.Insert(trace.Events, i, tracedata.Event{At: e.At, Lane: tracedata.NetworkLane, Kind: "change", Node: west, Text: "forwarding IPv4 off", Change: off})
			break
		}
	}
	return trace
}
