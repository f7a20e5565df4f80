// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// Changing has another Set each time, or may.
type changing struct{ s set.Set }

func (c changing) Set() set.Set { return c.s }

func TestMatchersSayWhetherTheirMatchMayChange(t *testing.T) {
	ns := nstest.New(t, set.NS_NET)
	type embeds struct{ *nstest.Fixture }
	closed, err := ns.Set().Dup(0)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Expect(closed.Close()).To(Succeed())
	link := &netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}}
	before := nstest.Snapshot()

	inside := map[string]types.GomegaMatcher{
		"HaveLink": nstest.HaveLink("eth0"), "HaveAddress": nstest.HaveAddress("192.0.2.1"), "HaveRoute": nstest.HaveRoute("default"),
		"HaveRuleset": nstest.HaveRuleset(""), "Reach": nstest.Reach("192.0.2.1:80"), "BeMountedAt": nstest.BeMountedAt("/run/x"), "BeCurrent": nstest.BeCurrent(),
	}
	for name, matcher := range inside {
		for _, c := range []struct {
			what   string
			actual any
			may    bool
		}{
			{"an open Set", ns.Set(), true}, {"a fixture", ns, true}, {"what embeds a fixture", embeds{ns}, true},
			{"a closed Set", closed, false}, {"the zero Set", set.Set{}, false}, {"what has a closed Set now", changing{closed}, true},
			{"a handle", ns.Netlink(), true},
		} {
			if may := types.MatchMayChangeInTheFuture(matcher, c.actual); may != c.may {
				t.Errorf("%s of %s: %v", name, c.what, may)
			}
		}
	}
	for name, c := range map[string]struct {
		matcher types.GomegaMatcher
		actual  any
		may     bool
	}{
		"HaveID of a Set":          {nstest.HaveID(set.NS_NET, "net:[1]"), ns.Set(), false},
		"HaveID of a fixture":      {nstest.HaveID(set.NS_NET, "net:[1]"), ns, false},
		"HaveID of others":         {nstest.HaveID(set.NS_NET, "net:[1]"), changing{ns.Set()}, true},
		"HaveNamespaces":           {nstest.HaveNamespaces(set.NS_UTS), ns, false},
		"ShareNamespaces":          {nstest.ShareNamespaces(ns), ns, false},
		"BeInNetNS":                {nstest.BeInNetNS(ns), ns.Listen("tcp", "127.0.0.1:0"), false},
		"BeUp":                     {nstest.BeUp(), link, false},
		"HaveMTU":                  {nstest.HaveMTU(1), link, false},
		"HaveDevice":               {nstest.HaveDevice("eth0"), nstest.Address{}, false},
		"HaveGateway":              {nstest.HaveGateway("192.0.2.1"), nstest.Route{}, false},
		"HaveRuleset of a text":    {nstest.HaveRuleset(""), "table ip x {}", false},
		"leaks of an inventory":    {nstest.HaveLeakedFds(before), nstest.Snapshot(), false},
		"leaks of later snapshots": {nstest.HaveLeakedFds(before), nstest.Snapshot, true},
	} {
		if may := types.MatchMayChangeInTheFuture(c.matcher, c.actual); may != c.may {
			t.Errorf("%s: %v", name, may)
		}
	}
}

// Gomega asks: nobody waits for what cannot come.
func TestEventuallyGivesUpOnAClosedSet(t *testing.T) {
	s, err := nstest.New(t, set.NS_NET).Set().Dup(0)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Expect(s.Close()).To(Succeed())
	said := ""
	g := NewGomega(func(message string, _ ...int) { said = message })
	g.Eventually(s).WithTimeout(10 * time.Second).Should(nstest.HaveLink("eth0"))
	NewWithT(t).Expect(said).To(SatisfyAll(ContainSubstring("No future change is possible."), ContainSubstring("HaveLink matcher: ")))
}
