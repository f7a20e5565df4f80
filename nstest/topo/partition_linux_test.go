// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// A crowd are hosts that send datagrams to each other.
type crowd struct {
	hosts []*topo.Host
	conns map[*topo.Host]net.PacketConn
	round int
}

func newCrowd(hosts ...*topo.Host) *crowd {
	c := &crowd{hosts: hosts, conns: make(map[*topo.Host]net.PacketConn)}
	for _, h := range hosts {
		c.conns[h] = h.ListenPacket("udp", ":9")
	}
	return c
}

func (c *crowd) send(t *testing.T, text string) {
	t.Helper()
	for _, from := range c.hosts {
		for _, to := range c.hosts {
			for _, address := range to.Addrs() {
				if from == to {
					continue
				}
				said := fmt.Sprintf("%s %s %s", text, from.Name(), address)
				if _, err := c.conns[from].WriteTo([]byte(said), net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, 9))); err != nil {
					t.Errorf("%s to %s: %v: nobody is to be told", from.Name(), to.Name(), err)
				}
			}
		}
	}
}

// expect has every host send to every other, and once heal has healed all, again. Of the first round only those
// for which apart is false may arrive. What does not arrive is not waited for.
func (c *crowd) expect(t *testing.T, apart func(a, b string) bool, heal func()) {
	t.Helper()
	c.round++
	first, second := fmt.Sprintf("first%d", c.round), fmt.Sprintf("second%d", c.round)
	c.send(t, first)
	heal()
	c.send(t, second)
	for _, to := range c.hosts {
		missing := make(map[string]bool)
		for _, from := range c.hosts {
			for _, address := range to.Addrs() {
				if from == to {
					continue
				}
				missing[fmt.Sprintf("%s %s %s", second, from.Name(), address)] = true
				if !apart(from.Name(), to.Name()) {
					missing[fmt.Sprintf("%s %s %s", first, from.Name(), address)] = true
				}
			}
		}
		buffer := make([]byte, 100)
		if err := c.conns[to].SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		for len(missing) > 0 {
			size, _, err := c.conns[to].ReadFrom(buffer)
			if err != nil {
				t.Fatalf("%s does not get %v: %v", to.Name(), missing, err)
			}
			if said := string(buffer[:size]); !missing[said] {
				t.Errorf("%s gets %q", to.Name(), said)
			} else {
				delete(missing, said)
			}
		}
	}
}

// groups returns who is apart by a list such as "a b|c d".
func groups(list string) func(a, b string) bool {
	of := make(map[string]int)
	for i, group := range strings.Split(list, "|") {
		for _, name := range strings.Fields(group) {
			of[name] = i + 1
		}
	}
	return func(a, b string) bool { return of[a] != 0 && of[b] != 0 && of[a] != of[b] }
}

func TestPartition(t *testing.T) {
	n := topo.New(t)
	s := n.Switch("s")
	a, b, c := n.Host("a"), n.Host("b"), n.Host("c")
	r, far, deep := n.Router("r"), n.Router("far"), n.Host("deep")
	for _, node := range []topo.Node{a, b, c, r} {
		n.Link(node, s)
	}
	n.Link(r, far)
	n.Link(far, deep)
	n.Up()
	all := newCrowd(a, b, c, &r.Host, &far.Host, deep)
	nobody := func(a, b string) bool { return false }
	all.expect(t, nobody, func() {})

	n.Partition([]topo.Node{a, deep}, []topo.Node{b, r})
	all.expect(t, groups("a deep|b r"), n.Heal)

	n.Partition([]topo.Node{a}, []topo.Node{b}, []topo.Node{c, far})
	n.Partition([]topo.Node{a}, []topo.Node{deep})
	all.expect(t, groups("a|deep"), n.Heal)

	n.Isolate(c, far)
	cut := func(a, b string) bool { return a == "c" || b == "c" || a == "far" || b == "far" }
	all.expect(t, cut, n.Heal)

	n.Partition([]topo.Node{a, b}, []topo.Node{deep})
	n.Isolate(b)
	both := groups("a|deep")
	all.expect(t, func(x, y string) bool { return both(x, y) || x == "b" || y == "b" }, n.Heal)
}

func TestPartitionHoldsForAddressesOfTheTest(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	s := n.Switch("s")
	a, b, c := n.Host("a"), n.Host("b"), n.Host("c")
	for _, h := range []*topo.Host{a, b, c} {
		n.Link(h, s)
	}
	n.Up()
	a.AddAddress("eth0", "192.0.2.1/24")
	b.AddAddress("eth0", "192.0.2.2/24")
	heard := b.ListenPacket("udp4", "192.0.2.2:9")
	sender := a.ListenPacket("udp4", "192.0.2.1:9")
	n.Partition([]topo.Node{a}, []topo.Node{b})
	_, err := sender.WriteTo([]byte("lost"), heard.LocalAddr())
	g.Expect(err).NotTo(HaveOccurred())
	n.Heal()
	_, err = sender.WriteTo([]byte("heard"), heard.LocalAddr())
	g.Expect(err).NotTo(HaveOccurred())
	buffer := make([]byte, 10)
	size, _, err := heard.ReadFrom(buffer)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(buffer[:size])).To(Equal("heard"))
}

func TestBadPartitionIsNamed(t *testing.T) {
	var a, b *topo.Host
	var s *topo.Switch
	for want, f := range map[string]func(n *topo.Network){
		"partition [a]: it takes two groups or more": func(n *topo.Network) { n.Partition([]topo.Node{a}) },
		"partition [] [a]: there is no node":         func(n *topo.Network) { n.Partition(nil, []topo.Node{a}) },
		"partition [a] [b a]: a is in two groups":    func(n *topo.Network) { n.Partition([]topo.Node{a}, []topo.Node{b, a}) },
		"partition [a a] [b]: a is named twice":      func(n *topo.Network) { n.Partition([]topo.Node{a, a}, []topo.Node{b}) },
		"partition [a] [stranger]: stranger is a node of another network": func(n *topo.Network) {
			n.Partition([]topo.Node{a}, []topo.Node{topo.New(t).Host("stranger")})
		},
		"isolate [s]: s is a switch, which sends nothing itself": func(n *topo.Network) { n.Isolate(s) },
		"isolate []: there is no node":                           func(n *topo.Network) { n.Isolate() },
	} {
		text := failure.Text(t, func(tb testing.TB) {
			n := topo.New(tb)
			s, a, b = n.Switch("s"), n.Host("a"), n.Host("b")
			n.Link(a, s)
			n.Link(b, s)
			n.Up()
			f(n)
		})
		if !strings.Contains(text, want) {
			t.Errorf("ends with %q, want %q", text, want)
		}
	}
	for what, f := range map[string]func(n *topo.Network){
		"partition [a] [b]": func(n *topo.Network) { n.Partition([]topo.Node{n.Host("a")}, []topo.Node{n.Host("b")}) },
		"isolate [a]":       func(n *topo.Network) { n.Isolate(n.Host("a")) },
		"heal":              func(n *topo.Network) { n.Heal() },
	} {
		want := what + ": the network is not up"
		if text := failure.Text(t, func(tb testing.TB) { f(topo.New(tb)) }); !strings.Contains(text, want) {
			t.Errorf("ends with %q, want %q", text, want)
		}
	}
}

func TestARouterInAnotherGroupForwards(t *testing.T) {
	n := topo.New(t)
	a, r, b := n.Host("a"), n.Router("r"), n.Host("b")
	n.Link(a, r)
	n.Link(r, b)
	n.Up()
	n.Partition([]topo.Node{a}, []topo.Node{r}) // before the two have looked for each other
	serve(b)
	if err := get(t, a, "b"); err != nil {
		t.Error(err)
	}
	if conn, err := a.DialContext(t.Context(), "tcp", net.JoinHostPort(b.Addr6().String(), "80")); err != nil {
		t.Error(err)
	} else {
		conn.Close()
	}
}

// A router that translates addresses hides the sender from the receiver.
func TestPartitionHoldsBehindARouterThatTranslates(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a, c, r, b := n.Host("a"), n.Host("c"), n.Router("r"), n.Host("b")
	n.Link(r, b)
	n.Link(r, a)
	n.Link(r, c)
	n.Up()
	var conn *nftables.Conn
	r.Do(func() {
		var err error
		conn, err = nftables.New(nftables.AsLasting())
		g.Expect(err).NotTo(HaveOccurred())
	})
	defer func() { g.Expect(conn.CloseLasting()).To(Succeed()) }()
	table := conn.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "nat"})
	chain := conn.AddChain(&nftables.Chain{
		Name: "postrouting", Table: table, Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
	})
	conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{&expr.Masq{}}})
	g.Expect(conn.Flush()).To(Succeed())

	heard := b.ListenPacket("udp4", ":9")
	send := func(from *topo.Host, text string) {
		sender := from.ListenPacket("udp4", ":9")
		_, err := sender.WriteTo([]byte(text), net.UDPAddrFromAddrPort(netip.AddrPortFrom(b.Addr4(), 9)))
		g.Expect(err).NotTo(HaveOccurred())
	}
	n.Partition([]topo.Node{a}, []topo.Node{b})
	send(a, "lost")
	n.Heal()
	send(c, "heard")
	buffer := make([]byte, 10)
	size, from, err := heard.ReadFrom(buffer)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(buffer[:size])).To(Equal("heard"))
	g.Expect(from.(*net.UDPAddr).AddrPort().Addr()).To(Equal(r.Addr4()), "it is translated")
}
