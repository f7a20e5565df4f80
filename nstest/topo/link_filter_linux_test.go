// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
)

// A filter means the same whatever the link was before.
func TestALinkLosesTheFrameThatAFilterDrops(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []topo.LinkOption
		before  bool // the filter is there before Up
	}{
		"plain":      {},
		"perfect":    {options: []topo.LinkOption{topo.Perfect()}},
		"delayed":    {options: []topo.LinkOption{topo.Delay(time.Millisecond)}},
		"before Up":  {before: true},
		"before, by": {options: []topo.LinkOption{topo.Delay(time.Millisecond)}, before: true},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			n := topo.New(t)
			a, r, b := n.Host("a"), n.Router("r"), n.Host("b")
			n.Link(a, r)
			l := n.Link(r, b, c.options...)
			var lost []string
			filter := func(f *wire.Frame) wire.Verdict {
				if tcp := f.TCP(); tcp != nil && tcp.SYN && f.From == r.Fixture && f.To == b.Fixture && l.Seen(f) == 1 {
					lost = append(lost, f.Summary())
					return wire.Drop
				}
				return wire.Pass
			}
			var remove func()
			if c.before {
				remove = l.Filter(filter)
			}
			n.Up()
			before := l.Counters(r).Lost
			if !c.before {
				remove = l.Filter(filter)
			}
			echo(t, b)
			conn, err := a.DialContext(t.Context(), "tcp", net.JoinHostPort(b.Addr4().String(), "7"))
			g.Expect(err).NotTo(HaveOccurred())
			defer conn.Close()
			remove()
			g.Expect(lost).To(ConsistOf(MatchRegexp(`TCP SYN 10\.0\.0\.1:\d+ > 10\.0\.1\.2:7`)))
			g.Expect(l.Counters(r).Lost - before).To(BeNumerically(">=", 1))
		})
	}
}

// Addresses that are asked for while Up runs are asked for again.
func TestAFilterSeesTheFramesOfUp(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	n := topo.New(t)
	r, h := n.Router("r", topo.DHCP4()), n.Host("h", topo.Dynamic())
	l := n.Link(r, h)
	var mu sync.Mutex
	sent := make(map[layers.DHCPMsgType]int)
	l.Filter(func(f *wire.Frame) wire.Verdict {
		dhcp, ok := f.Packet().Layer(layers.LayerTypeDHCPv4).(*layers.DHCPv4)
		if !ok {
			return wire.Pass
		}
		mu.Lock()
		defer mu.Unlock()
		for _, option := range dhcp.Options {
			if option.Type == layers.DHCPOptMessageType {
				kind := layers.DHCPMsgType(option.Data[0])
				if sent[kind]++; sent[kind] == 1 {
					return wire.Drop // each message once
				}
			}
		}
		return wire.Pass
	})
	n.Up()
	mu.Lock()
	defer mu.Unlock()
	for _, kind := range []layers.DHCPMsgType{layers.DHCPMsgTypeDiscover, layers.DHCPMsgTypeOffer, layers.DHCPMsgTypeRequest, layers.DHCPMsgTypeAck} {
		g.Expect(sent[kind]).To(BeNumerically(">=", 2), "%v", kind)
	}
	g.Expect(h.Addr4().IsValid()).To(BeTrue())
}

func TestAFilterOfALinkThatPanicsFailsTheTest(t *testing.T) {
	if isInner() {
		n := topo.New(t)
		a, b := n.Host("a"), n.Host("b")
		l := n.Link(a, b)
		n.Up()
		l.Filter(func(f *wire.Frame) wire.Verdict {
			if f.TCP() != nil {
				panic("no such thing")
			}
			return wire.Pass
		})
		echo(t, b)
		conn, err := a.DialContext(t.Context(), "tcp", net.JoinHostPort(b.Addr4().String(), "7"))
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		return
	}
	out := failsInside(t, t.Name())
	g := NewWithT(t)
	g.Expect(out).To(MatchRegexp(`link_filter_linux_test.go:\d+: topo: link a-b: the filter of link_filter_linux_test.go:\d+ has panicked at link_filter_linux_test.go:\d+: no such thing\n`))
	g.Expect(out).To(MatchRegexp(`\d\.\d{3}s  filter a-b \(link_filter_linux_test.go:\d+\)`))
}

// The frame is lost once by each run of LoseEach, and the filter sees what is left.
func TestAFilterAndLoseEachGetAlong(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	runs, seen := 0, 0
	topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
		a, b := n.Host("a"), n.Host("b")
		l := n.Link(a, b)
		n.Up()
		asked := make(chan bool, 9)
		l.Filter(func(f *wire.Frame) wire.Verdict {
			if f.UDP() != nil {
				asked <- true
				return wire.Drop
			}
			return wire.Pass
		})
		conn, err := a.DialContext(t.Context(), "udp", net.JoinHostPort(b.Addr4().String(), "9"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for i := range 2 {
			if _, err := conn.Write([]byte{byte(i)}); err != nil {
				t.Error(err)
			}
		}
		mu.Lock()
		first := runs == 0
		runs++
		mu.Unlock()
		left := 1
		if first {
			left = 2
		}
		for range left {
			select {
			case <-asked:
			case <-time.After(10 * time.Second):
				t.Fatal("the filter is not asked")
			}
		}
		mu.Lock()
		defer mu.Unlock()
		seen += len(asked)
	})
	if runs < 3 || seen != 0 { // one that a busy machine has disturbed is done again
		t.Errorf("there were %d runs, want 3 at least, and the filters have seen %d frames that were lost", runs, seen)
	}
}

func TestMisuseOfFiltersIsNamed(t *testing.T) {
	for want, f := range map[string]func(tb *topo.Network, l *topo.Link){
		"topo: filter a-b: the function is nil": func(_ *topo.Network, l *topo.Link) { l.Filter(nil) },
	} {
		text := failure.Text(t, func(tb testing.TB) {
			n := topo.New(tb)
			f(n, n.Link(n.Host("a"), n.Host("b")))
		})
		if text != want {
			t.Errorf("ends with %q, want %q", text, want)
		}
	}
	g := NewWithT(t)
	n := topo.New(t)
	l := n.Link(n.Host("a"), n.Host("b"))
	g.Expect(func() { l.Seen(nil) }).To(PanicWith("topo: link a-b: Seen: the link has no filter, so that the frame is of another one"))
}

func TestFramesOfUpCountIfThatIsAsked(t *testing.T) {
	t.Parallel()
	if isInner() {
		topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
			n.Link(n.Router("r", topo.DHCP6()), n.Host("h", topo.Dynamic()))
			n.Up()
		}, topo.DuringUp())
		return
	}
	out, passes := inner(t, t.Name())
	g := NewWithT(t)
	g.Expect(passes).To(BeTrue(), out)
	g.Expect(out).To(ContainSubstring("topo: each of 4 frames was lost once: the test passes\n"))
	g.Expect(out).NotTo(ContainSubstring("another way"), "link-local addresses are others in each run")
}
