// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// echo has a host send back each line that it gets.
func echo(t *testing.T, h *topo.Host) {
	l := h.Listen("tcp", ":7")
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // the test ends
			}
			go func() {
				defer conn.Close()
				lines := bufio.NewScanner(conn)
				for lines.Scan() {
					fmt.Fprintln(conn, lines.Text()) // or else the other side waits in vain
				}
			}()
		}
	}()
}

// A plain link becomes a cable where the kernel cannot do what is asked for.
func TestConnectionsSurviveThatALinkIsImpaired(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t, topo.Cables())
	a, r, b := n.Host("a"), n.Router("r"), n.Host("b")
	n.Link(a, r)
	l := n.Link(r, b)
	n.Up()
	echo(t, b)
	var conns []net.Conn
	for _, address := range []string{b.Addr4().String(), b.Addr6().String()} {
		conn, err := a.DialContext(t.Context(), "tcp", net.JoinHostPort(address, "7"))
		g.Expect(err).NotTo(HaveOccurred())
		defer conn.Close()
		conns = append(conns, conn)
	}
	say := func(text string) {
		for _, conn := range conns {
			g.Expect(conn.SetDeadline(time.Now().Add(20 * time.Second))).To(Succeed())
			_, err := fmt.Fprintln(conn, text)
			g.Expect(err).NotTo(HaveOccurred())
			line, err := bufio.NewReader(conn).ReadString('\n')
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(line).To(Equal(text + "\n"))
		}
	}
	say("plain")
	l.Set(topo.Delay(5 * time.Millisecond))
	start := time.Now()
	say("delayed")
	g.Expect(time.Since(start)).To(BeNumerically(">=", 20*time.Millisecond))
	l.Set(topo.Perfect())
	say("perfect")
}

// everything is what the kernel says of a node's interfaces, but for counters and ages.
func everything(t *testing.T, n *nstest.Fixture) (list []string) {
	g := NewWithT(t)
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	h := n.Netlink()
	links, err := h.LinkList()
	g.Expect(err).NotTo(HaveOccurred())
	for _, l := range links {
		a := l.Attrs()
		add("link %d %s %v mtu %d %v master %d group %d", a.Index, a.Name, a.HardwareAddr, a.MTU, a.Flags, a.MasterIndex, a.Group)
	}
	addresses, err := h.AddrList(nil, netlink.FAMILY_ALL)
	g.Expect(err).NotTo(HaveOccurred())
	for _, a := range addresses {
		add("address %v of %d label %q broadcast %v flags %#x lifetime %d", a.IPNet, a.LinkIndex, a.Label, a.Broadcast, a.Flags&^unix.IFA_F_NODAD, a.ValidLft)
	}
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		for _, table := range []int{unix.RT_TABLE_MAIN, unix.RT_TABLE_LOCAL, 100} {
			routes, err := h.RouteListFiltered(family, &netlink.Route{Table: table}, netlink.RT_FILTER_TABLE)
			g.Expect(err).NotTo(HaveOccurred())
			for _, r := range routes {
				add("route %v", r)
			}
		}
	}
	neighbours, err := h.NeighList(0, netlink.FAMILY_ALL)
	g.Expect(err).NotTo(HaveOccurred())
	for _, neighbour := range neighbours {
		if neighbour.State == netlink.NUD_PERMANENT {
			add("neighbour %v of %d: %v", neighbour.IP, neighbour.LinkIndex, neighbour.HardwareAddr)
		}
	}
	slices.Sort(list)
	return list
}

func TestACableHasAllThatTheInterfaceHad(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t, topo.Cables())
	r, s, h := n.Router("r"), n.Switch("s"), n.Host("h")
	l := n.Link(r, s, topo.MTU(1400))
	n.Link(h, s)
	n.Up()
	r.AddAddress("eth0", "192.0.2.1/24")
	r.AddAddress("eth0", "2001:db8::1/64")
	r.SetSysctl("net.ipv4.conf.eth0.proxy_arp", "1")
	r.SetSysctl("net.ipv6.conf.eth0.accept_ra", "2")
	r.SetSysctl("net.ipv4.neigh.eth0.ucast_solicit", "7")
	eth0 := l.End(r).Index()
	k := r.Netlink()
	const ofTheTest = 77 // is no protocol of a daemon
	network := func(cidr string) *net.IPNet {
		_, to, err := net.ParseCIDR(cidr)
		g.Expect(err).NotTo(HaveOccurred())
		return to
	}
	for _, route := range []netlink.Route{
		{Dst: network("198.51.100.0/24"), Gw: net.ParseIP("192.0.2.7"), Table: 100, Protocol: ofTheTest, Priority: 5},
		{Dst: network("198.51.100.0/24"), LinkIndex: eth0, Scope: unix.RT_SCOPE_LINK, MTU: 1300},
		{Dst: network("203.0.113.0/24"), MultiPath: []*netlink.NexthopInfo{{Gw: net.ParseIP("192.0.2.7"), Hops: 2}, {Gw: net.ParseIP("198.51.100.9")}}},
		{Dst: network("2001:db8:1::/48"), Gw: net.ParseIP("2001:db8::7"), LinkIndex: eth0},
		{Dst: network("2001:db8:2::/48"), MultiPath: []*netlink.NexthopInfo{{Gw: net.ParseIP("2001:db8::7")}, {Gw: net.ParseIP("2001:db8::8")}}},
	} {
		g.Expect(k.RouteAdd(&route)).To(Succeed(), "%v", route)
	}
	mac, err := net.ParseMAC("02:00:5e:00:53:01")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(k.NeighAdd(&netlink.Neigh{LinkIndex: eth0, State: netlink.NUD_PERMANENT, IP: net.ParseIP("192.0.2.9"), HardwareAddr: mac})).To(Succeed())
	// The kernel looks for a duplicate of the address that it has made itself.
	g.Eventually(func() []string { return everything(t, r.Fixture) }, "20s").Should(ContainElement(MatchRegexp(`address fe80.* flags 0x80 `)))

	before := map[*nstest.Fixture][]string{r.Fixture: everything(t, r.Fixture), s.Fixture: everything(t, s.Fixture)}
	// A daemon sees an interface go and come, and finds its routes again or others.
	g.Expect(k.RouteAdd(&netlink.Route{Dst: network("198.18.0.0/15"), Gw: net.ParseIP("192.0.2.7"), Protocol: unix.RTPROT_BIRD})).To(Succeed())
	l.Set(topo.Loss(0.5))
	for f, want := range before {
		g.Eventually(func() []string { return everything(t, f) }, "20s").Should(Equal(want))
	}
	for name, want := range map[string]string{"ipv4.conf.eth0.proxy_arp": "1", "ipv6.conf.eth0.accept_ra": "2", "ipv4.neigh.eth0.ucast_solicit": "7"} {
		g.Expect(r.Sysctl("net."+name)).To(Equal(want), name)
	}
	l.Set(topo.Perfect())
	serve(h)
	g.Expect(get(t, &r.Host, "h")).To(Succeed())
}

func TestALinkThatIsDownBecomesACable(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t, topo.Cables())
	a, b := n.Host("a"), n.Host("b")
	l := n.Link(a, b)
	n.Up()
	l.Down()
	l.Set(topo.Loss(1))
	g.Expect(l.End(a).Attrs().Flags & net.FlagUp).To(BeZero())
	l.Set(topo.Perfect())
	l.Up()
	serve(b)
	g.Expect(get(t, a, "b")).To(Succeed())
}

func TestAnInterfaceUnderAnotherOneIsNotReplaced(t *testing.T) {
	nstest.RequireFeatures(t, "macvlan")
	text := failure.Text(t, func(tb testing.TB) {
		n := topo.New(tb, topo.Cables())
		a, b := n.Host("a"), n.Host("b")
		l := n.Link(a, b)
		n.Up()
		if err := a.Netlink().LinkAdd(&netlink.Macvlan{LinkAttrs: netlink.LinkAttrs{Name: "above", ParentIndex: l.End(a).Index()}}); err != nil {
			tb.Fatal(err)
		}
		l.Set(topo.Loss(1))
	})
	want := "topo: set a-b: host a: replace the interface: eth0 is under above, which would be lost: device or resource busy; " +
		"a link that is made with topo.Perfect() needs none of this"
	if text != want {
		t.Errorf("ends with %q, want %q", text, want)
	}
}

func TestAnExternalHostLosesItsCables(t *testing.T) {
	g := NewWithT(t)
	f := nstest.New(t, set.NS_NET)
	t.Run("network", func(t *testing.T) {
		n := topo.New(t, topo.Cables())
		here := n.External("here", f)
		delayed, plain := n.Host("delayed"), n.Host("plain")
		n.Link(here, delayed, topo.Delay(time.Millisecond))
		l := n.Link(here, plain)
		n.Up()
		l.Set(topo.Delay(time.Millisecond))
		serve(delayed)
		serve(plain)
		NewWithT(t).Expect(get(t, here, "10.0.0.2")).To(MatchError(`"delayed" answers`))
		NewWithT(t).Expect(get(t, here, "10.0.1.2")).To(MatchError(`"plain" answers`))
	})
	links, err := f.Netlink().LinkList()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(links).To(HaveLen(1), "that is lo")
}

// A program that switches off its end of a link cuts it, whatever the link is made of.
func TestTheOtherEndOfACableLosesItsCarrier(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t, topo.Cables())
	a, b, c := n.Host("a"), n.Host("b"), n.Host("c")
	delayed := n.Link(a, b, topo.Delay(time.Millisecond))
	replaced := n.Link(b, c)
	n.Up()
	replaced.Set(topo.Delay(time.Millisecond))
	for _, ends := range [][2]*link.Link{{delayed.End(a), delayed.End(b)}, {replaced.End(b), replaced.End(c)}} {
		here, there := ends[0], ends[1]
		here.Down()
		g.Eventually(func() uint32 { return there.Attrs().RawFlags & unix.IFF_LOWER_UP }, "20s").Should(BeZero())
		here.Up()
		there.WaitUp()
	}
}

// Once a link is up again its carriers do not come and go any more.
func TestACableIsWholeOnceItIsUpAgain(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t, topo.Cables())
	a, b := n.Host("a"), n.Host("b")
	l := n.Link(a, b, topo.Perfect())
	n.Up()
	to := b.ListenPacket("udp4", ":9")
	from := a.ListenPacket("udp4", ":9")
	for i := range 30 {
		l.Down()
		l.Up()
		know(t, a, b) // neighbours go with the carrier
		_, err := from.WriteTo([]byte{byte(i)}, net.UDPAddrFromAddrPort(netip.AddrPortFrom(b.Addr4(), 9)))
		g.Expect(err).NotTo(HaveOccurred())
		buf := make([]byte, 1)
		g.Expect(to.SetReadDeadline(time.Now().Add(10 * time.Second))).To(Succeed())
		_, _, err = to.ReadFrom(buf)
		g.Expect(err).NotTo(HaveOccurred(), "round %d", i)
		g.Expect(buf[0]).To(BeEquivalentTo(i))
	}
}

// Whoever waits for the goroutine that follows carriers waits long where a process is busy.
func TestACableComesUpWithoutOtherGoroutines(t *testing.T) {
	n := topo.New(t, topo.Cables())
	a, b, c := n.Host("a"), n.Host("b"), n.Host("c")
	veth, cabled := n.Link(a, b), n.Link(b, c, topo.Perfect())
	n.Up()
	var quiet atomic.Bool
	defer quiet.Store(true)
	for range 8 * runtime.GOMAXPROCS(0) {
		go func() {
			for !quiet.Load() {
			}
		}()
	}
	const rounds = 15
	median := func(l *topo.Link) time.Duration {
		var took []time.Duration
		for range rounds {
			l.Down()
			if c, is := topo.Impairer(l).(*cable.Cable); is { // the carriers have followed
				if err := c.Couple(); err != nil {
					t.Fatal(err)
				}
			}
			began := time.Now()
			l.Up()
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		return took[rounds/2]
	}
	usual, took := median(veth), median(cabled)
	if took > 20*usual+20*time.Millisecond { // it is a third of a second otherwise
		t.Errorf("the cable takes %v, a veth %v", took, usual)
	}
}
