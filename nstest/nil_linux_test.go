// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// A fatal is a test whose failures are panics.
type fatal struct{ testing.TB }

func (f fatal) Fatal(args ...any)                 { panic("failed: " + fmt.Sprint(args...)) }
func (f fatal) Fatalf(format string, args ...any) { f.Fatal(fmt.Sprintf(format, args...)) }

// What a test forgot to set is an error that says so, at its own line.
func TestWhatIsNilIsNamed(t *testing.T) {
	const noTest, noFixture = `the testing\.TB is nil: give it the test that runs`, `the \*Fixture is nil`
	tb := &fatal{t}
	ns := nstest.New(tb, set.NS_NET)
	var none *nstest.Fixture
	for name, c := range map[string]struct {
		call func()
		says string
	}{
		"New":                 {func() { nstest.New(nil, set.NS_NET) }, `^nstest\.New: ` + noTest},
		"Enter":               {func() { nstest.Enter(nil, set.NS_NET) }, `^nstest\.Enter: ` + noTest},
		"Run":                 {func() { nstest.Run(nil, "x", set.NS_NET, func(*testing.T) {}) }, `^nstest\.Run: ` + noTest},
		"InProcess":           {func() { nstest.InProcess(nil, "x", set.NS_NET, func(*testing.T) {}) }, `^nstest\.InProcess: ` + noTest},
		"NamedNetNS":          {func() { nstest.NamedNetNS(nil, "x") }, `^nstest\.NamedNetNS: ` + noTest},
		"Require":             {func() { nstest.Require(nil, set.NS_NET) }, `^nstest\.Require: ` + noTest},
		"VerifyNoLeaks":       {func() { nstest.VerifyNoLeaks(nil) }, `^nstest\.VerifyNoLeaks: ` + noTest},
		"option of it":        {func() { nstest.VerifyNoLeaks(tb, nil) }, `^failed: nstest: VerifyNoLeaks: option 1 is nil`},
		"RequireFeatures":     {func() { nstest.RequireFeatures(nil, "veth") }, `^nstest\.RequireFeatures: ` + noTest},
		"Here":                {func() { nstest.Here(nil) }, `^nstest\.Here: ` + noTest},
		"For":                 {func() { ns.For(nil) }, `^nstest\.Fixture\.For: ` + noTest},
		"Fixture.Enter":       {func() { ns.Enter(nil) }, `^nstest\.Fixture\.Enter: ` + noTest},
		"Fixture.Run":         {func() { ns.Run(nil, "x", func(*testing.T) {}) }, `^nstest\.Fixture\.Run: ` + noTest},
		"Cleanup":             {func() { ns.Cleanup(nil, func() error { return nil }) }, `^nstest\.Fixture\.Cleanup: ` + noTest},
		"Main":                {func() { nstest.Main(nil) }, `the Runner is nil`},
		"link":                {func() { link.Veth(nil, ns, ns) }, `^link\.Veth: ` + noTest},
		"wire":                {func() { wire.Join(nil, ns, ns) }, `^wire\.Join: ` + noTest},
		"topo":                {func() { topo.New(nil) }, `^topo\.New: ` + noTest},
		"LoseEach":            {func() { topo.LoseEach(nil, func(*testing.T, *topo.Network) {}) }, `^topo\.LoseEach: ` + noTest},
		"Each":                {func() { topo.Each(nil, topo.Lost(), func(*testing.T, *topo.Network) {}) }, `^topo\.Each: ` + noTest},
		"test of nobody":      {func() { topo.New(new(testing.T)) }, `^topo\.New: the \*testing\.T was not made by package testing: `},
		"option of New":       {func() { nstest.New(tb, set.NS_NET, nstest.Raw(), nil) }, `^failed: nstest: New: option 2 is nil`},
		"Setup":               {func() { nstest.New(tb, set.NS_NET, nstest.Setup(nil)) }, `^failed: nstest: New: Setup: the function is nil`},
		"Unshare":             {func() { nstest.New(tb, set.NS_NET, nstest.Unshare(nil)) }, `^failed: nstest: New: Unshare: an option is nil`},
		"Sharing":             {func() { nstest.New(tb, set.NS_NET, nstest.Sharing(none, set.NS_MNT)) }, `^failed: nstest: New: Sharing: ` + noFixture},
		"Do nothing":          {func() { ns.Do(nil) }, `^failed: nstest: net: Do: the function is nil`},
		"clean up nothing":    {func() { ns.Cleanup(tb, nil) }, `^failed: nstest: net: Cleanup: the function is nil`},
		"no command":          {func() { ns.Start(nil) }, `^failed: nstest: net: start a daemon: there is no command`},
		"option of Start":     {func() { ns.Start(ns.Command("true"), nil) }, `^failed: nstest: net: start a daemon: option 1 is nil`},
		"Ready":               {func() { ns.Start(ns.Command("true"), nstest.Ready(nil)) }, `^failed: nstest: net: start a daemon: Ready: the function is nil`},
		"MoveLink":            {func() { ns.MoveLink("lo", none) }, `^failed: nstest: ` + noFixture},
		"fixture of a link":   {func() { link.Veth(tb, ns, none) }, `^failed: link: make veth: ` + noFixture},
		"link to be found":    {func() { link.Find(tb, none, "lo") }, `^failed: link: find lo: ` + noFixture},
		"link below":          {func() { link.Macvlan(tb, nil) }, `^failed: link: make macvlan: the link that it is to sit on is nil`},
		"master":              {func() { link.Bridge(tb, ns, link.Master(nil)) }, `^failed: link: make bridge in net: Master: the link is nil`},
		"place of a link":     {func() { link.Bridge(tb, ns, link.In(none)) }, `^failed: link: make bridge in net: In: ` + noFixture},
		"port":                {func() { link.Bridge(tb, ns).Attach(nil) }, `^failed: link: attach to bridge br\d+ in net: the port is nil`},
		"link elsewhere":      {func() { link.Find(tb, ns, "lo").MoveTo(none) }, `^failed: link: move device lo in net: ` + noFixture},
		"option of a link":    {func() { link.Bridge(tb, ns, nil) }, `^failed: link: make bridge in net: option 1 is nil`},
		"option of a peer":    {func() { link.Veth(tb, ns, ns, link.Peer(nil)) }, `^failed: link: make veth in net: Peer: option 1 is nil`},
		"end of a wire":       {func() { wire.Join(tb, ns, none) }, `^failed: wire: join: ` + noFixture},
		"option of a wire":    {func() { wire.Join(tb, ns, nstest.New(tb, set.NS_NET), nil) }, `^failed: wire: join net and net#\d+: option 1 is nil`},
		"option of From":      {func() { wire.Join(tb, ns, nstest.New(tb, set.NS_NET), wire.From(ns, nil)) }, `^failed: wire: join .*: From: option 1 is nil`},
		"sender of From":      {func() { wire.Join(tb, ns, nstest.New(tb, set.NS_NET), wire.From(none)) }, `^failed: wire: join .*: From: ` + noFixture},
		"node":                {func() { n := topo.New(tb); n.Link(n.Host("a"), nil) }, `^failed: topo: link: one of the nodes is nil`},
		"fixture of For":      {func() { none.For(tb) }, `^failed: nstest: ` + noFixture},
		"fixture to enter":    {func() { none.Enter(tb) }, `^failed: nstest: ` + noFixture},
		"fixture of Do":       {func() { none.Do(func() {}) }, `/nil_linux_test\.go:\d+: nstest: ` + noFixture},
		"fixture of Set":      {func() { none.Set() }, `/nil_linux_test\.go:\d+: nstest: ` + noFixture},
		"fixture of Name":     {func() { none.Name() }, `/nil_linux_test\.go:\d+: nstest: ` + noFixture},
		"fixture of a Daemon": {func() { none.Start(ns.Command("true")) }, `/nil_linux_test\.go:\d+: nstest: ` + noFixture},
	} {
		t.Run(name, func(t *testing.T) { NewWithT(t).Expect(c.call).To(PanicWith(MatchRegexp(c.says))) })
	}
	_, err := none.DialContext(t.Context(), "tcp", "192.0.2.1:80")
	NewWithT(t).Expect(err).To(MatchError(MatchRegexp(noFixture)))
}

// Gomega gets no further than the message, and the log of a test no further than the line.
func TestNilIsReadable(t *testing.T) {
	g := NewWithT(t)
	for name, none := range map[string]fmt.Stringer{
		"*nstest.Fixture": (*nstest.Fixture)(nil),
		"*nstest.Daemon":  (*nstest.Daemon)(nil),
		"*nstest.Packet":  (*nstest.Packet)(nil),
		"*link.Link":      (*link.Link)(nil),
		"*wire.Wire":      (*wire.Wire)(nil),
		"*wire.Frame":     (*wire.Frame)(nil),
		"*topo.Network":   (*topo.Network)(nil),
		"*topo.Host":      (*topo.Host)(nil),
		"*topo.Router":    (*topo.Router)(nil),
		"*topo.Switch":    (*topo.Switch)(nil),
		"*topo.Link":      (*topo.Link)(nil),
		"*topo.Region":    (*topo.Region)(nil),
		"*topo.HostVRF":   (*topo.HostVRF)(nil),
		"*set.Cmd":        (*set.Cmd)(nil),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(fmt.Sprint(none)).To(Equal("<nil>"))
			g.Expect(BeNil().NegatedFailureMessage(none)).To(Equal("Expected\n    <" + name + " | 0x0>: nil\nnot to be nil"))
		})
	}
	for matcher, none := range map[types.GomegaMatcher]any{
		nstest.HaveNamespaces(set.NS_NET):  (*topo.Host)(nil),
		nstest.HaveAddress("192.0.2.1/24"): (*topo.Router)(nil),
		nstest.Reach("192.0.2.1"):          (*topo.Switch)(nil),
		nstest.HaveLink("lo"):              (*link.Link)(nil),
		nstest.HaveRoute("default"):        (*wire.Wire)(nil),
		nstest.BeUp():                      (*netlink.Veth)(nil),
		nstest.HaveMTU(1500):               (*netlink.Veth)(nil),
		nstest.HaveDevice("eth0"):          (*nstest.Address)(nil),
	} {
		_, err := matcher.Match(none)
		g.Expect(err).To(MatchError(MatchRegexp(`^\w+ matcher expects an? .*  Got:\n    .*nil`)), fmt.Sprintf("%T", none))
	}
	g.Expect(fmt.Sprint(new(topo.Host), new(topo.Switch), new(topo.Network))).To(Equal("a node of no network a node of no network network of 0 nodes and 0 links"))
}

func TestWhatTakesAProcessNamesInProcess(t *testing.T) {
	g := NewWithT(t)
	tb := &fatal{t}
	g.Expect(func() { nstest.New(tb, set.NS_USER|set.NS_NET) }).To(PanicWith(
		"failed: nstest: only a process can join namespaces of kind user, no goroutine: nstest.InProcess runs a subtest in such a process, " +
			"and nstest.Raw makes the namespaces without setting anything up in them"))
	g.Expect(func() { nstest.Enter(tb, set.NS_USER) }).To(PanicWith(
		"failed: nstest: user: only a process can join namespaces of kind user, no goroutine: nstest.InProcess runs a subtest in such a process"))
	g.Expect(func() { nstest.New(tb, set.NS_USER, nstest.Named("root")).Do(func() {}) }).To(PanicWith(
		"failed: nstest: root: only a process can join namespaces of kind user, no goroutine: nstest.InProcess runs a subtest in such a process, and Fixture.Command a program"))
}

func TestFixturesAndWhatIsInThemAreReadable(t *testing.T) {
	g := NewWithT(t)
	var none *nstest.Fixture
	g.Expect(fmt.Sprint(none)).To(Equal("<nil>"))
	g.Expect(fmt.Sprint(new(nstest.Fixture))).To(Equal("without namespaces, since no spec runs"))
	ns := nstest.New(t, set.NS_NET, nstest.Named("server"))
	g.Expect(fmt.Sprint(ns)).To(MatchRegexp(`^server Set\(` + netID + `\)$`))
	g.Expect(fmt.Sprint(link.Find(t, ns, "lo"))).To(Equal("lo in server"))
	daemon := ns.Start(ns.Command("sleep", "1000"))
	g.Expect(fmt.Sprint(daemon)).To(Equal("sleep in server"))

	n := topo.New(t)
	host, router, hub := n.Host("a"), n.Router("r"), n.Switch("s")
	n.Link(host, hub)
	n.Link(hub, router)
	const where = ` Set\(` + netID + `[^)]*\)$`
	g.Expect(fmt.Sprint(host)).To(MatchRegexp(`^host a` + where))
	g.Expect(fmt.Sprint(router)).To(MatchRegexp(`^router r` + where))
	g.Expect(fmt.Sprint(hub)).To(MatchRegexp(`^switch s` + where))
	g.Expect(fmt.Sprint(n)).To(Equal("network of 3 nodes and 2 links"))
}
