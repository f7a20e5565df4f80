// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"fmt"
	"os"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/format"
	"github.com/onsi/gomega/types"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// twoSets returns the Sets of two fixtures of which the second shares the uts
// namespace of the first.
func twoSets(t *testing.T) (a, b set.Set) {
	t.Helper()
	g := NewWithT(t)
	a = nstest.New(t, set.NS_NET|set.NS_UTS).Set()
	uts, err := a.Dup(set.NS_UTS)
	g.Expect(err).NotTo(HaveOccurred())
	defer uts.Close()
	b, err = nstest.New(t, set.NS_NET).Set().Merge(uts)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(b.Close()).To(Succeed()) })
	return a, b
}

func TestHaveID(t *testing.T) {
	g := NewWithT(t)
	s := nstest.New(t, set.NS_NET).Set()
	id := idOf(t, s, set.NS_NET)

	g.Expect(agrees(t, s, nstest.HaveID(set.NS_NET, id))).To(Equal(fmt.Sprintf(`Wrong net namespace of
    <set.Set>: Set(%[1]s)
Expected
    <string>: %[1]s
not to equal
    <string>: %[1]s`, id)))
	g.Expect(disagrees(t, s, nstest.HaveID(set.NS_NET, "net:[1]"))).To(Equal(fmt.Sprintf(`Wrong net namespace of
    <set.Set>: Set(%[1]s)
Expected
    <string>: %[1]s
to equal
    <string>: net:[1]`, id)))
	g.Expect(disagrees(t, s, nstest.HaveID(set.NS_NET, HavePrefix("uts:")))).To(HaveSuffix(`to have prefix
    <string>: uts:`))
	agrees(t, s, nstest.HaveID(set.NS_NET, HavePrefix("net:[")))
	g.Expect(refuses(t, s, nstest.HaveID(set.NS_NET, 7))).To(Equal(
		`HaveID matcher expects an ID such as net:[4026531840], or a matcher.  Got:
    <int>: 7`))
	g.Expect(refuses(t, s, nstest.HaveID(set.NS_UTS, id))).To(Equal(
		"HaveID matcher: gonso: id uts: the Set has only net: invalid argument"))
}

func TestShareNamespaces(t *testing.T) {
	g := NewWithT(t)
	a, b := twoSets(t)
	netA, netB, uts := idOf(t, a, set.NS_NET), idOf(t, b, set.NS_NET), idOf(t, a, set.NS_UTS)

	g.Expect(agrees(t, a, nstest.ShareNamespaces(b, set.NS_UTS))).To(Equal(fmt.Sprintf(`Expected
    <set.Set>: Set(%[1]s %[3]s)
not to share all namespaces of the kinds uts with
    <set.Set>: Set(%[2]s %[3]s)
but
    %[3]s is in both`, netA, netB, uts)))
	for _, kinds := range [][]int{nil, {set.NS_NET, set.NS_UTS}, {set.NS_NET | set.NS_UTS}} {
		g.Expect(disagrees(t, a, nstest.ShareNamespaces(b, kinds...))).To(Equal(fmt.Sprintf(`Expected
    <set.Set>: Set(%[1]s %[3]s)
to share all namespaces of the kinds net, uts with
    <set.Set>: Set(%[2]s %[3]s)
but
    %[1]s is not %[2]s`, netA, netB, uts)))
	}
	agrees(t, a, nstest.ShareNamespaces(a))
}

func TestBeIsolatedFrom(t *testing.T) {
	g := NewWithT(t)
	a, b := twoSets(t)
	netA, netB, uts := idOf(t, a, set.NS_NET), idOf(t, b, set.NS_NET), idOf(t, a, set.NS_UTS)

	g.Expect(agrees(t, a, nstest.BeIsolatedFrom(b, set.NS_NET))).To(Equal(fmt.Sprintf(`Expected
    <set.Set>: Set(%[1]s %[3]s)
to share a namespace of the kinds net with
    <set.Set>: Set(%[2]s %[3]s)
but
    %[1]s is not %[2]s`, netA, netB, uts)))
	g.Expect(disagrees(t, a, nstest.BeIsolatedFrom(b))).To(Equal(fmt.Sprintf(`Expected
    <set.Set>: Set(%[1]s %[3]s)
to share no namespace of the kinds net, uts with
    <set.Set>: Set(%[2]s %[3]s)
but
    %[3]s is in both`, netA, netB, uts)))
}

func TestComparingWhatCannotBeCompared(t *testing.T) {
	g := NewWithT(t)
	network, host := nstest.New(t, set.NS_NET).Set(), nstest.New(t, set.NS_UTS).Set()
	g.Expect(refuses(t, network, nstest.BeIsolatedFrom(host))).To(Equal(fmt.Sprintf(
		"BeIsolatedFrom matcher: %v and %v have no kind of namespace in common", network, host)))
	g.Expect(refuses(t, network, nstest.ShareNamespaces(host, set.NS_NET))).To(Equal(
		"ShareNamespaces matcher: gonso: compare net: the Set has only uts: invalid argument"))
	g.Expect(refuses(t, network, nstest.ShareNamespaces(network, 1))).To(Equal(
		`ShareNamespaces matcher expects kinds of namespaces, such as NS_NET|NS_UTS.  Got:
    <int>: 1`))
	g.Expect(refuses(t, network, nstest.ShareNamespaces("other"))).To(Equal(
		`ShareNamespaces matcher expects a set.Set, or what has a method Set() set.Set such as a *nstest.Fixture.  Got:
    <string>: other`))
}

// The kernel may give the inode of a closed Set's namespace to another one, so
// that a comparison with it says nothing.
func TestClosedSetIsNeverCompared(t *testing.T) {
	g := NewWithT(t)
	s := nstest.New(t, set.NS_NET).Set()
	closed, err := s.Dup(0)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(closed.Close()).To(Succeed())
	for _, m := range []types.GomegaMatcher{
		nstest.ShareNamespaces(closed), nstest.BeIsolatedFrom(closed), nstest.ShareNamespaces(closed, set.NS_NET),
	} {
		_, err := m.Match(s)
		g.Expect(err).To(MatchError(os.ErrClosed))
	}
	for _, m := range []types.GomegaMatcher{
		nstest.HaveID(set.NS_NET, Not(BeEmpty())), nstest.BeCurrent(), nstest.HaveLink("lo"), nstest.Reach("127.0.0.1"),
	} {
		_, err := m.Match(closed)
		g.Expect(err).To(MatchError(os.ErrClosed))
	}
}

func TestAFixtureWhoseTestHasEndedIsNamed(t *testing.T) {
	g := NewWithT(t)
	type embeds struct{ *nstest.Fixture }
	var ns *nstest.Fixture
	t.Run("owner", func(t *testing.T) { ns = nstest.New(t, set.NS_NET, nstest.Named("server")) })
	const want = "nstest: fixture server of TestAFixtureWhoseTestHasEndedIsNamed/owner is used after that test has ended: make one for each test, " +
		"and end the goroutines that use it before"
	for matcher, m := range map[string]types.GomegaMatcher{
		"HaveLink": nstest.HaveLink("lo"), "Reach": nstest.Reach("127.0.0.1"), "HaveRoute": nstest.HaveRoute("default"), "HaveID": nstest.HaveID(set.NS_NET, ""),
		"HaveAddress": nstest.HaveAddress("192.0.2.1"), "HaveRuleset": nstest.HaveRuleset(""),
	} {
		_, err := m.Match(ns)
		g.Expect(err).To(MatchError(os.ErrClosed))
		g.Expect(err).To(MatchError(matcher + " matcher: " + want + ": file already closed"))
		g.Expect(types.MatchMayChangeInTheFuture(m, ns)).To(BeFalse())
	}
	_, err := nstest.HaveLink("lo").Match(embeds{ns})
	g.Expect(err).To(MatchError(ContainSubstring(want)))
	g.Expect(failure.Text(t, func(tb testing.TB) { nstest.New(tb, set.NS_UTS, nstest.Sharing(ns, set.NS_NET)) })).To(Equal("nstest: uts: Sharing: " + want))
}

func TestHaveNamespaces(t *testing.T) {
	g := NewWithT(t)
	s := nstest.New(t, set.NS_UTS).Set()
	id := idOf(t, s, set.NS_UTS)
	g.Expect(agrees(t, s, nstest.HaveNamespaces(set.NS_UTS))).To(Equal(fmt.Sprintf(`Expected
    <set.Set>: Set(%s)
not to have namespaces of the kinds uts`, id)))
	g.Expect(disagrees(t, s, nstest.HaveNamespaces(set.NS_UTS|set.NS_NET|set.NS_MNT))).To(Equal(fmt.Sprintf(`Expected
    <set.Set>: Set(%s)
to have namespaces of the kinds net, uts, mnt
but it has none of net, mnt`, id)))
	for _, kinds := range []int{0, 1, set.NS_UTS | 1} {
		g.Expect(refuses(t, s, nstest.HaveNamespaces(kinds))).To(Equal(fmt.Sprintf(
			`HaveNamespaces matcher expects kinds of namespaces, such as NS_NET|NS_UTS.  Got:
    <int>: %d`, kinds)))
	}
}

func TestBeCurrent(t *testing.T) {
	g := NewWithT(t)
	s := nstest.New(t, set.NS_UTS).Set()
	id, outside := idOf(t, s, set.NS_UTS), here(g, "uts")
	g.Expect(disagrees(t, s, nstest.BeCurrent())).To(Equal(fmt.Sprintf(`Expected
    <set.Set>: Set(%[1]s)
to be where this goroutine is
but
    %[1]s is not %[2]s`, id, outside)))
	g.Expect(s.Do(func() {
		g.Expect(agrees(t, s, nstest.BeCurrent())).To(Equal(fmt.Sprintf(`Expected
    <set.Set>: Set(%[1]s)
not to be where this goroutine is
but
    %[1]s is in both`, id)))
		g.Eventually(s).Should(nstest.BeCurrent())
	})).To(Succeed())
	g.Expect(refuses(t, set.Set{}, nstest.BeCurrent())).To(Equal(
		`BeCurrent matcher expects a Set that holds namespaces.  Got:
    <set.Set>: Set(gonso: show: the zero Set holds no namespaces: make one with Current, FromDir or Unshare: invalid argument)`))
}

// A subject is something that is no Set, and has one.
type subject struct{ set set.Set }

func (s subject) Set() set.Set { return s.set }

func TestMatchersTakeWhatHasASet(t *testing.T) {
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_NET, nstest.Named("router"))
	for _, actual := range []any{ns, ns.Set(), subject{ns.Set()}, &subject{ns.Set()}} {
		g.Expect(actual).To(nstest.ShareNamespaces(ns))
		g.Expect(actual).To(nstest.HaveNamespaces(set.NS_NET))
		g.Expect(actual).To(nstest.HaveLink("lo"))
		g.Expect(ns).To(nstest.ShareNamespaces(actual))
	}
	g.Expect(disagrees(t, ns, nstest.HaveNamespaces(set.NS_MNT))).To(Equal(
		fmt.Sprintf("Expected\n    <*nstest.Fixture | %p>: router Set(%s)\n", ns, ns.ID(set.NS_NET)) +
			"to have namespaces of the kinds mnt\nbut it has none of mnt"))
}

func TestMatchersSayWhatTheyTake(t *testing.T) {
	g := NewWithT(t)
	const orSet = "a set.Set, or what has a method Set() set.Set such as a *nstest.Fixture"
	const orHandle = "a set.Set, what has a method Set() set.Set such as a *nstest.Fixture, or a *netlink.Handle"
	for name, m := range map[string]struct {
		matcher types.GomegaMatcher
		wants   string
	}{
		"HaveID":               {nstest.HaveID(set.NS_NET, "net:[1]"), orSet},
		"ShareNamespaces":      {nstest.ShareNamespaces(nil), orSet},
		"BeIsolatedFrom":       {nstest.BeIsolatedFrom(nil), orSet},
		"HaveNamespaces":       {nstest.HaveNamespaces(set.NS_NET), orSet},
		"BeCurrent":            {nstest.BeCurrent(), orSet},
		"BeMountedAt":          {nstest.BeMountedAt("/"), orSet},
		"Reach":                {nstest.Reach("192.0.2.1"), orSet},
		"HaveLink":             {nstest.HaveLink("lo"), orHandle},
		"HaveAddress":          {nstest.HaveAddress("192.0.2.1"), orHandle},
		"HaveRoute":            {nstest.HaveRoute("default"), orHandle},
		"BeUp":                 {nstest.BeUp(), "a netlink.Link"},
		"HaveMTU":              {nstest.HaveMTU(1500), "a netlink.Link"},
		"HaveMAC":              {nstest.HaveMAC(""), "a netlink.Link"},
		"BeOfType":             {nstest.BeOfType("veth"), "a netlink.Link"},
		"HaveDevice":           {nstest.HaveDevice("lo"), "an nstest.Address or nstest.Route"},
		"HaveGateway":          {nstest.HaveGateway("192.0.2.1"), "an nstest.Route"},
		"HaveLeakedThreads":    {nstest.HaveLeakedThreads(nil), "nstest.Snapshot, or what it returns"},
		"HaveLeakedNamespaces": {nstest.HaveLeakedNamespaces(nil), "nstest.Snapshot, or what it returns"},
		"HaveLeakedFds":        {nstest.HaveLeakedFds(nil), "nstest.Snapshot, or what it returns"},
		"HaveLeakedProcesses":  {nstest.HaveLeakedProcesses(nil), "nstest.Snapshot, or what it returns"},
	} {
		for _, actual := range []any{nil, 7, "net:[4026531840]", (*nstest.Fixture)(nil), (*nstest.Inventory)(nil)} {
			g.Expect(refuses(t, actual, m.matcher)).To(Equal(
				fmt.Sprintf("%s matcher expects %s.  Got:\n%s", name, m.wants, format.Object(actual, 1))))
		}
	}
}

func TestMatchersWorkUnderEventually(t *testing.T) {
	g := NewWithT(t)
	first, last := nstest.New(t, set.NS_UTS), nstest.New(t, set.NS_UTS)
	asked := 0
	g.Eventually(func() set.Set {
		if asked++; asked < 3 {
			return first.Set()
		}
		return last.Set()
	}).Should(nstest.ShareNamespaces(last))
	g.Expect(asked).To(Equal(3))
	g.Consistently(first, "30ms", "10ms").Should(nstest.BeIsolatedFrom(last))
}
