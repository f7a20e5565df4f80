// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"fmt"
	"regexp"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/format"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// What a test gives to a matcher is shown by one line. Gomega would read all that is in it otherwise, while the goroutine of the
// cable writes to that.
func TestWhatMessagesShow(t *testing.T) {
	n := topo.New(t)
	a, r, s := n.Host("a"), n.Router("r"), n.Switch("s")
	here := n.External("here", nstest.New(t, gonso.NS_NET, nstest.Named("outside")))
	l := n.Link(a, r, topo.Loss(0))
	n.Link(r, s)
	n.Link(s, here)
	eu := n.Region("eu")
	n.Up()
	const aSet = `Set\(net:\[\d+\]( \w+:\[\d+\])*\)`
	for shown, c := range map[string]struct {
		value any
		want  string
	}{
		"host":     {a, "host a " + aSet},
		"router":   {r, "router r " + aSet},
		"switch":   {s, "switch s " + aSet},
		"external": {here, "host outside " + aSet},
		"fixture":  {a.Fixture, "a " + aSet},
		"network":  {n, "network of 4 nodes and 3 links"},
		"link":     {l, "a-r"},
		"end":      {l.End(a), `eth0 in a`},
		"region":   {eu, "region eu"},
		"embedded": {&struct{ *nstest.Fixture }{a.Fixture}, "a " + aSet},
	} {
		t.Run(shown, func(t *testing.T) {
			g := NewWithT(t)
			kind := regexp.QuoteMeta(fmt.Sprintf("%T", c.value))
			g.Expect(format.Object(c.value, 0)).To(MatchRegexp(`^<` + kind + ` \| 0x[0-9a-f]+>: ` + c.want + `$`))
			g.Expect(format.Object([]any{c.value}, 0)).To(MatchRegexp(`: \[\s*` + c.want + `,?\s*\]$`))
			for _, verb := range []string{"%v", "%+v", "%s"} {
				g.Expect(fmt.Sprintf(verb, c.value)).To(MatchRegexp(`^`+c.want+`$`), verb)
			}
		})
	}
	g := NewWithT(t)
	unreachable := nstest.Reach(r.Addr4().String() + ":81")
	g.Expect(unreachable.Match(a)).To(BeFalse())
	g.Expect(unreachable.FailureMessage(a)).To(MatchRegexp(`^Expected\n    <\*topo\.Host \| 0x[0-9a-f]+>: host a ` + aSet + `\nto reach `))
}
