// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// next is the next hop of a router to an address.
func next(g *WithT, r *topo.Router, to string) netip.Addr {
	routes, err := r.Netlink().RouteGet(net.ParseIP(to))
	g.Expect(err).NotTo(HaveOccurred())
	next, ok := netip.AddrFromSlice(routes[0].Gw)
	g.Expect(ok).To(BeTrue())
	return next.Unmap()
}

func TestRoutesFollowDelays(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	type options = []topo.LinkOption
	for name, c := range map[string]struct {
		west, east options
		want       string
	}{
		"the shorter delay":   {options{topo.Delay(80 * ms)}, options{topo.Delay(20 * ms)}, "east"},
		"the first of two":    {options{topo.Delay(20 * ms)}, options{topo.Delay(20 * ms)}, "west"},
		"a cost says it all":  {options{topo.Delay(80 * ms), topo.Cost(5)}, options{topo.Delay(20 * ms)}, "west"},
		"a cost of 1 is 1 ms": {options{topo.Cost(22)}, options{topo.Delay(20 * ms)}, "east"},
		"microseconds":        {options{topo.Delay(2 * time.Microsecond)}, options{topo.Delay(time.Microsecond)}, "east"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			n := topo.New(t)
			a, b := n.Router("a"), n.Router("b")
			routers := map[string]*topo.Router{"west": n.Router("west"), "east": n.Router("east")}
			n.Link(a, routers["west"])
			n.Link(a, routers["east"])
			n.Link(routers["west"], b, c.west...)
			n.Link(routers["east"], b, c.east...)
			n.Link(b, n.Host("host"), topo.Subnet("192.0.2.0/24"))
			n.Up()
			g.Expect(routers[c.want].Addrs()).To(ContainElement(next(g, a, "192.0.2.1")))
		})
	}
}

func TestRoutesGoByTheDelayOfTheirDirection(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a, west, east, b := n.Router("a"), n.Router("west"), n.Router("east"), n.Router("b")
	n.Link(a, west, topo.From(a, topo.Delay(time.Second)))
	n.Link(a, east, topo.From(east, topo.Delay(time.Second)))
	n.Link(west, b)
	n.Link(east, b)
	n.Link(a, n.Host("left"), topo.Subnet("192.0.2.0/25"))
	n.Link(b, n.Host("right"), topo.Subnet("192.0.2.128/25"))
	n.Up()
	g.Expect(east.Addrs()).To(ContainElement(next(g, a, "192.0.2.129")))
	g.Expect(west.Addrs()).To(ContainElement(next(g, b, "192.0.2.1")))
}

func TestDelayIsThatOfTheLink(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a, b := n.Host("a"), n.Host("b")
	l := n.Link(a, b, topo.Delay(30*time.Millisecond))
	n.Up()
	serve(b)
	took := func() time.Duration {
		start := time.Now()
		conn, err := a.DialContext(t.Context(), "tcp4", "b:80")
		g.Expect(err).NotTo(HaveOccurred())
		defer conn.Close()
		return time.Since(start)
	}
	took() // with ARP
	g.Expect(took()).To(BeNumerically(">=", 60*time.Millisecond))
	l.Set(topo.From(b, topo.Delay(time.Millisecond)))
	g.Expect(took()).To(BeNumerically(">=", 31*time.Millisecond))
}

func TestOneDirectionIsLost(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a, b := n.Host("a"), n.Host("b")
	l := n.Link(a, b, topo.Perfect())
	n.Up()
	here, there := a.ListenPacket("udp4", ":9"), b.ListenPacket("udp4", ":9")
	to := func(h *topo.Host) net.Addr { return net.UDPAddrFromAddrPort(netip.AddrPortFrom(h.Addr4(), 9)) }
	say := func(from net.PacketConn, to net.Addr, text string) {
		_, err := from.WriteTo([]byte(text), to)
		g.Expect(err).NotTo(HaveOccurred())
	}
	hears := func(conn net.PacketConn) string {
		buffer := make([]byte, 100)
		g.Expect(conn.SetReadDeadline(time.Now().Add(20 * time.Second))).To(Succeed())
		size, _, err := conn.ReadFrom(buffer)
		g.Expect(err).NotTo(HaveOccurred())
		return string(buffer[:size])
	}
	say(here, to(b), "first") // with ARP
	g.Expect(hears(there)).To(Equal("first"))
	say(there, to(a), "answer")
	g.Expect(hears(here)).To(Equal("answer"))

	l.Set(topo.From(b, topo.Loss(1)))
	say(here, to(b), "request")
	g.Expect(hears(there)).To(Equal("request"))
	say(there, to(a), "lost")
	l.Set(topo.From(b, topo.Perfect()))
	say(there, to(a), "another")
	g.Expect(hears(here)).To(Equal("another"))
}

func TestPresetsAreLinks(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	center := n.Router("center")
	for i, preset := range []topo.Impairment{
		topo.Perfect(), topo.LAN(), topo.WiFi(), topo.Mobile4G(), topo.Mobile3G(), topo.Satellite(), topo.Lossy(),
	} {
		n.Link(center, n.Host(fmt.Sprintf("h%d", i)), preset)
	}
	n.Up()
	picture := n.Dot()
	for i, want := range []string{
		"", "delay 200µs, rate 1Gbit/s", "delay 3ms ±2ms, loss 0.1%, rate 50Mbit/s",
		"delay 35ms ±10ms, loss 0.5%, rate 12Mbit/s, queue 200", "delay 150ms ±30ms, loss 1%, rate 1600kbit/s, queue 100",
		"delay 300ms ±5ms, loss 0.5%, rate 20Mbit/s", "delay 50ms ±20ms, loss 10%, rate 2Mbit/s, queue 50",
	} {
		g.Expect(picture).To(MatchRegexp(linkTo(fmt.Sprintf("h%d", i), want)))
	}
}

// linkTo matches the link to a node in a picture, with that label.
func linkTo(node, label string) string {
	if label != "" {
		label = `, label="` + regexp.QuoteMeta(label) + `"`
	}
	return `-- "` + node + `" \[taillabel="[^"]*", headlabel="[^"]*"` + label + `\]`
}

func TestRegionsHaveDelaysBetweenThem(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	eu, us, asia := n.Region("eu"), n.Region("us"), n.Region("asia")
	n.RegionDelay(eu, us, 40*time.Millisecond)
	n.RegionDelay(us, asia, 70*time.Millisecond)
	n.RegionDelay(eu, eu, time.Millisecond)
	a := eu.Router("a")
	n.Link(a, us.Host("far"))
	n.Link(us.Router("b"), asia.Router("farther"), topo.Loss(0.1))
	n.Link(us.Router("c"), a)
	n.Link(a, asia.Switch("unsaid")) // nobody has said how far that is
	n.Link(a, eu.Host("near"))
	n.Link(a, us.Host("own"), topo.Satellite())
	n.Link(a, n.Host("nowhere"))
	picture := n.Dot()
	for node, want := range map[string]string{
		"far": "delay 40ms", "farther": "delay 70ms, loss 10%", "a": "delay 40ms", "unsaid": "", "near": "delay 1ms",
		"own": "delay 300ms ±5ms, loss 0.5%, rate 20Mbit/s", "nowhere": "",
	} {
		g.Expect(picture).To(MatchRegexp(linkTo(node, want)))
	}
	g.Expect([]string{eu.Name(), us.Name()}).To(Equal([]string{"eu", "us"}))
}

func TestTheSameSeedLosesTheSameFrames(t *testing.T) {
	g := NewWithT(t)
	// fate runs a network and returns which of its frames arrive.
	fate := func(change func(l *topo.Link), opts ...topo.Option) string {
		l, line := quietLine(t, opts...)
		from, err := line.A.Set.ListenPacket("udp4", ":0")
		g.Expect(err).NotTo(HaveOccurred())
		defer from.Close()
		to, err := line.B.Set.ListenPacket("udp4", ":9")
		g.Expect(err).NotTo(HaveOccurred())
		defer to.Close()
		arrived := []byte(strings.Repeat(".", 100))
		send := func(number byte) {
			_, err := from.WriteTo([]byte{number}, net.UDPAddrFromAddrPort(netip.AddrPortFrom(line.B.Address, 9)))
			g.Expect(err).NotTo(HaveOccurred())
		}
		read := func() {
			for buffer := []byte{0}; buffer[0] < 100; {
				g.Expect(to.SetReadDeadline(time.Now().Add(20 * time.Second))).To(Succeed())
				_, _, err := to.ReadFrom(buffer)
				g.Expect(err).NotTo(HaveOccurred())
				if buffer[0] < 100 {
					arrived[buffer[0]] = 'x'
				}
			}
		}
		send(100) // with ARP
		read()
		change(l) // may make the link a cable, which knows the neighbours, too
		for i := range byte(100) {
			send(i)
		}
		l.Set(topo.Perfect())
		send(100)
		read()
		return string(arrived)
	}
	half := func(l *topo.Link) { l.Set(topo.Loss(0.5)) }
	first := fate(half, topo.Seed(7))
	g.Expect(fate(half, topo.Seed(7))).To(Equal(first))
	g.Expect(fate(half, topo.Seed(8))).NotTo(Equal(first))
	g.Expect(fate(half)).NotTo(Equal(first))
	g.Expect(fate(func(l *topo.Link) { // a later change begins another sequence
		l.Set(topo.Loss(0.1))
		half(l)
	}, topo.Seed(7))).NotTo(Equal(first))
	t.Setenv("NSTEST_SEED", "0x7")
	g.Expect(fate(half)).To(Equal(first))
	g.Expect(fate(half, topo.Seed(8))).NotTo(Equal(first), "the test's own seed comes first")
}

func TestFailureTellsImpairmentsAndTheSeed(t *testing.T) {
	g := NewWithT(t)
	build := func(tb testing.TB, opts ...topo.Option) {
		n := topo.New(tb, opts...)
		a := n.Host("a")
		l := n.Link(a, n.Host("b"), topo.Delay(time.Millisecond))
		n.Up()
		l.Set(topo.Loss(0.25))
		l.Set(topo.Loss(0.25)) // it is so already
		l.Set(topo.From(a, topo.Delay(2*time.Millisecond)))
		l.Set(topo.Perfect())
		l.Set(topo.Rate(8e6))
	}
	t.Setenv("NSTEST_SEED", "42")
	log := logOf(t, func(tb testing.TB) { build(tb) })
	g.Expect(log).To(HaveLen(2))
	g.Expect(log[0]).To(ContainSubstring("  a  eth0 10.0.0.1 fd00::1  ─ rate 8Mbit/s ─  eth0 10.0.0.2 fd00::2  b\n" +
		"  its links lose the same frames again with NSTEST_SEED=42"))
	for _, want := range []string{
		"set a-b: delay 1ms, loss 25% (", "set a-b: from a delay 2ms loss 25%, from b delay 1ms loss 25% (", "set a-b: perfect (", "set a-b: rate 8Mbit/s (",
	} {
		g.Expect(strings.Count(log[1], want)).To(Equal(1), want)
	}
	log = logOf(t, func(tb testing.TB) { build(tb, topo.Seed(5)) })
	g.Expect(log[0]).To(ContainSubstring("its links lose frames by the test's topo.Seed(5)"))
	log = logOf(t, func(tb testing.TB) {
		n := topo.New(tb)
		n.Link(n.Host("a"), n.Host("b"), topo.Delay(time.Millisecond)) // nothing is random
		n.Up()
	})
	g.Expect(log[0]).NotTo(ContainSubstring("seed"))
}

// A host sends large segments over a plain link, and its router has to divide them for a link that is impaired.
func TestForwardedSegmentsAreDivided(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a, r, b := n.Host("a"), n.Router("r"), n.Host("b")
	plain := n.Link(a, r)
	l := n.Link(r, b, topo.Delay(time.Millisecond))
	n.Up()
	const bytes = 1 << 20
	listener := b.Listen("tcp4", ":9")
	done := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			defer conn.Close()
			_, err = io.CopyN(io.Discard, conn, bytes)
		}
		done <- err
	}()
	conn, err := a.DialContext(t.Context(), "tcp4", "b:9")
	g.Expect(err).NotTo(HaveOccurred())
	defer conn.Close()
	_, err = conn.Write(make([]byte, bytes))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(<-done).To(Succeed())
	const largest = 1514
	sent, received := plain.End(a).Stats(), l.End(b).Stats()
	g.Expect(sent.TxBytes).To(BeNumerically(">", sent.TxPackets*largest), "or else there is nothing to divide")
	g.Expect(received.RxBytes).To(BeNumerically("<=", received.RxPackets*largest))
}

// The end of a client's connection does not reach a server whose network ends before.
func TestConnectionsEndWithTheirNetwork(t *testing.T) {
	for name, fault := range map[string]func(l *topo.Link){
		"delay": func(l *topo.Link) { l.Set(topo.Delay(time.Minute)) },
		"loss":  func(l *topo.Link) { l.Set(topo.Loss(1)) },
		"down":  (*topo.Link).Down,
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			done := make(chan error)
			logOf(t, func(tb testing.TB) {
				n := topo.New(tb)
				a, b := n.Host("a"), n.Host("b")
				l := n.Link(a, b)
				n.Up()
				for _, to := range []netip.Addr{b.Addr4(), b.Addr6()} {
					listener := b.Listen("tcp", ":0")
					_, port, err := net.SplitHostPort(listener.Addr().String())
					g.Expect(err).NotTo(HaveOccurred())
					client, err := a.DialContext(t.Context(), "tcp", net.JoinHostPort(to.String(), port))
					g.Expect(err).NotTo(HaveOccurred())
					server, err := listener.Accept()
					g.Expect(err).NotTo(HaveOccurred())
					go func() {
						defer server.Close()
						_, err := server.Read(make([]byte, 1))
						done <- err
					}()
					tb.Cleanup(func() { client.Close() })
				}
				fault(l)
			})
			for range 2 {
				g.Eventually(done, "20s").Should(Receive(HaveOccurred()))
			}
		})
	}
}
