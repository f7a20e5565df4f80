// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// What a test forgot to set is an error that says so, at its own line.
func TestWhatIsNilIsNamed(t *testing.T) {
	var none *topo.Host
	up := func(n *topo.Network) (*topo.Host, *topo.Link) {
		a := n.Host("a")
		l := n.Link(a, n.Host("b"))
		n.Up()
		return a, l
	}
	for name, c := range map[string]struct {
		want string
		call func(tb testing.TB, n *topo.Network)
	}{
		"option of New":  {"new: option 1 is nil", func(tb testing.TB, _ *topo.Network) { topo.New(tb, nil) }},
		"option of Host": {`make the host "a": option 2 is nil`, func(_ testing.TB, n *topo.Network) { n.Host("a", topo.Fixture(), nil) }},
		"option of its fixture": {`make the host "a": topo.Fixture: option 1 is nil`, func(_ testing.TB, n *topo.Network) {
			n.Host("a", topo.Fixture(nil))
		}},
		"option of NAT":  {`make the router "r": home NAT: option 1 is nil`, func(_ testing.TB, n *topo.Network) { n.Router("r", topo.HomeNAT(nil)) }},
		"option of Link": {"link a to b: option 1 is nil", func(_ testing.TB, n *topo.Network) { n.Link(n.Host("a"), n.Host("b"), nil) }},
		"node of Link":   {"link: one of the nodes is nil", func(_ testing.TB, n *topo.Network) { n.Link(n.Host("a"), none) }},
		"empty node":     {"link: one of the nodes is nil", func(_ testing.TB, n *topo.Network) { n.Link(n.Host("a"), new(topo.Router)) }},
		"node of Address": {"link a to b: topo.Address: the node is nil", func(_ testing.TB, n *topo.Network) {
			n.Link(n.Host("a"), n.Host("b"), topo.Address(none, "192.0.2.1/24"))
		}},
		"node of VRF":     {"link a to b: topo.VRF: the node is nil", func(_ testing.TB, n *topo.Network) { n.Link(n.Host("a"), n.Host("b"), topo.VRF(none, "blue")) }},
		"node of Outside": {"link a to b: topo.Outside: the node is nil", func(_ testing.TB, n *topo.Network) { n.Link(n.Host("a"), n.Host("b"), topo.Outside(none)) }},
		"node of From":    {"link a to b: topo.From: the node is nil", func(_ testing.TB, n *topo.Network) { n.Link(n.Host("a"), n.Host("b"), topo.From(none, topo.Loss(1))) }},
		"region":          {"delay between two regions: one of them is nil", func(_ testing.TB, n *topo.Network) { n.RegionDelay(n.Region("eu"), nil, time.Second) }},
		"end": {"end of a-b: the node is nil", func(_ testing.TB, n *topo.Network) {
			_, l := up(n)
			l.End(none)
		}},
		"counters": {"counters of a-b: the node is nil", func(_ testing.TB, n *topo.Network) {
			_, l := up(n)
			l.Counters(nil)
		}},
		"partition": {"partition [a] [<nil>]: the node is nil", func(_ testing.TB, n *topo.Network) {
			a, _ := up(n)
			n.Partition([]topo.Node{a}, []topo.Node{none})
		}},
		"isolate": {"isolate [<nil>]: the node is nil", func(_ testing.TB, n *topo.Network) {
			up(n)
			n.Isolate(nil)
		}},
		"admit": {"admit [<nil>] at r: the node is nil", func(_ testing.TB, n *topo.Network) {
			r := n.Router("r", topo.CaptivePortal(nil))
			n.Link(r, n.Host("a"), topo.Outside(r))
			n.Up()
			r.Admit(none)
		}},
		"uplinks": {"uplinks of a: <nil> is no link of a", func(_ testing.TB, n *topo.Network) { n.Host("a").Uplinks(nil) }},
	} {
		t.Run(name, func(t *testing.T) {
			if text := failure.Text(t, func(tb testing.TB) { c.call(tb, topo.New(tb)) }); !strings.HasPrefix(text, "topo: "+c.want) {
				t.Errorf("ends with %q, want %q", text, c.want)
			}
		})
	}
}

// A variable that the test has not set: another one of its name hides it.
func TestAMethodOfWhatIsNilSaysSo(t *testing.T) {
	var n *topo.Network
	var l *topo.Link
	var h *topo.Host
	for name, c := range map[string]struct {
		want string
		call func()
	}{
		"Down":        {`\*Link is nil: make it, with Network\.Link,`, func() { l.Down() }},
		"Up":          {`\*Link is nil: `, func() { l.Up() }},
		"Set":         {`\*Link is nil: `, func() { l.Set(topo.Loss(1)) }},
		"End":         {`\*Link is nil: `, func() { l.End(nil) }},
		"Counters":    {`\*Link is nil: `, func() { l.Counters(nil) }},
		"Filter":      {`\*Link is nil: `, func() { l.Filter(nil) }},
		"Network.Up":  {`\*Network is nil: make it, with New,`, func() { n.Up() }},
		"Host":        {`\*Network is nil: `, func() { n.Host("a") }},
		"Link":        {`\*Network is nil: `, func() { n.Link(nil, nil) }},
		"Partition":   {`\*Network is nil: `, func() { n.Partition() }},
		"At":          {`\*Network is nil: `, func() { n.At(0, nil) }},
		"Addr4":       {`\*Host is nil: make it, with Network\.Host,`, func() { h.Addr4() }},
		"Start":       {`\*Host is nil: `, func() { h.Start(nil) }},
		"HTTPClient":  {`\*Host is nil: `, func() { h.HTTPClient() }},
		"DialContext": {`\*Host is nil: `, func() { _, _ = h.DialContext(t.Context(), "tcp", "b:80") }},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(c.call).To(PanicWith(MatchRegexp(`^nil_linux_test\.go:\d+: topo: the ` + c.want)))
		})
	}
}
