// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A lateTest keeps what ends it.
type lateTest struct {
	testing.TB
	text string
}

func (l *lateTest) Fatalf(format string, args ...any) {
	l.text = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (*lateTest) Fail() {}

// A clean-up that was registered before Up runs after the network has ended.
func TestANetworkThatHasEndedIsNotChanged(t *testing.T) {
	for name, change := range map[string]func(n *topo.Network, h *topo.Host, l *topo.Link){
		"cut h-r": func(_ *topo.Network, _ *topo.Host, l *topo.Link) { l.Down() },
		"filter h-r": func(_ *topo.Network, _ *topo.Host, l *topo.Link) {
			l.Filter(func(*wire.Frame) wire.Verdict { return wire.Pass })
		},
		"set h-r":          func(_ *topo.Network, _ *topo.Host, l *topo.Link) { l.Set(topo.Loss(1)) },
		"counters of h-r":  func(_ *topo.Network, h *topo.Host, l *topo.Link) { l.Counters(h) },
		"heal":             func(n *topo.Network, _ *topo.Host, _ *topo.Link) { n.Heal() },
		"uplinks of h h-r": func(_ *topo.Network, h *topo.Host, l *topo.Link) { h.Uplinks(l) },
		"admit [h] at r":   func(n *topo.Network, h *topo.Host, _ *topo.Link) { n.Nodes()[1].(*topo.Router).Admit(h) },
	} {
		late := new(lateTest)
		t.Run("", func(t *testing.T) {
			late.TB = t
			var n *topo.Network
			var h *topo.Host
			var l *topo.Link
			t.Cleanup(func() {
				done := make(chan struct{})
				go func() {
					defer close(done)
					change(n, h, l)
				}()
				<-done
			})
			n = topo.New(late)
			h = n.Host("h")
			r := n.Router("r", topo.CaptivePortal(http.NotFoundHandler()))
			l = n.Link(h, r)
			n.Link(r, n.Host("outside"), topo.Outside(r))
			n.Up()
		})
		if want := "topo: " + name + ": the network has ended with its test: register a clean-up"; !strings.HasPrefix(late.text, want) {
			t.Errorf("ends with %q, want %q", late.text, want)
		}
	}
}

// ended returns a link of a network that has ended with its test.
func ended(t *testing.T) (l *topo.Link) {
	t.Run("owner", func(t *testing.T) {
		n := topo.New(t)
		l = n.Link(n.Host("a"), n.Host("b"))
		n.Up()
	})
	return l
}

func TestInnerCutsAnEndedNetwork(t *testing.T) {
	if isInner() {
		ended(t).Down()
	}
}

func TestInnerCutsAnEndedNetworkBesideAnother(t *testing.T) {
	if isInner() {
		topo.New(t)
		ended(t).Down()
	}
}

func TestInnerCutsAnEndedNetworkOnAnotherGoroutine(t *testing.T) {
	if !isInner() {
		return
	}
	l := ended(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.Down()
	}()
	<-done
}

func TestInnerJoinsAFixtureTooLate(t *testing.T) {
	if !isInner() {
		return
	}
	var f *nstest.Fixture
	t.Run("owner", func(t *testing.T) { f = nstest.New(t, set.NS_NET, nstest.Named("a")) })
	topo.New(t).External("here", f)
}

// Fatal of a test that has ended would end the program, with no line of the test.
func TestANetworkThatIsUsedTooLateIsNamed(t *testing.T) {
	for _, test := range []string{"TestInnerCutsAnEndedNetwork", "TestInnerCutsAnEndedNetworkBesideAnother", "TestInnerCutsAnEndedNetworkOnAnotherGoroutine",
		"TestInnerJoinsAFixtureTooLate"} {
		g := NewWithT(t)
		out := failsInside(t, test)
		g.Expect(out).To(MatchRegexp(`late_linux_test\.go:\d+: nstest: fixture a of ` + test + `/owner is used after that test has ended: `))
		g.Expect(out).NotTo(SatisfyAny(ContainSubstring("Fail in goroutine"), MatchRegexp(`(?m)^ *network\.go:`)))
	}
}

var _ = ginkgo.Describe("late", ginkgo.Ordered, func() {
	var n *topo.Network
	ginkgo.It("makes it", func() {
		n = topo.New(ginkgo.GinkgoTB())
		n.Link(n.Host("a"), n.Host("b"))
		n.Up()
	})
	ginkgo.It("heals it", func() { n.Heal() })
})

var _ = ginkgo.Describe("plan", ginkgo.Ordered, func() {
	var n *topo.Network
	ginkgo.BeforeAll(func() { n = topo.New(ginkgo.GinkgoTB()) })
	ginkgo.It("is made", func() { n.At(time.Hour, func() {}) })
	ginkgo.It("begins later", func() { n.Up() })
})

var _ = ginkgo.Describe("plan alone", func() {
	ginkgo.It("never begins", func() { topo.New(ginkgo.GinkgoTB()).At(2*time.Hour, func() {}) })
})

func TestInnerSpecs(t *testing.T) {
	if isInner() {
		RegisterFailHandler(ginkgo.Fail)
		ginkgo.RunSpecs(t, "topo")
	}
}

func TestANetworkOfAnotherSpecIsNamed(t *testing.T) {
	g := NewWithT(t)
	out := failsInside(t, "TestInnerSpecs", "-ginkgo.no-color")
	g.Expect(out).To(MatchRegexp(`\[FAILED\] nstest: fixture a of late makes it is used after that test has ended: .*\n +In \[It\] at: \S+late_linux_test\.go:\d+ `))
	g.Expect(out).To(MatchRegexp(`\[FAILED\] .*topo: at 2h0m0s: it has never begun: Up was not called\n`))
	g.Expect(out).NotTo(ContainSubstring("topo: at 1h0m0s"), "it begins in the next spec")
}
