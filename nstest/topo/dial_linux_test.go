// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

func TestWhatIsDialledBeforeUpSaysSo(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a, b := n.Host("a"), n.Host("b")
	n.Link(a, b)
	client := a.HTTPClient()
	const want = "topo: a: the network is not up: call Up first: dial tcp: lookup b"
	_, err := a.DialContext(t.Context(), "tcp", "b:80")
	g.Expect(err).To(MatchError(HavePrefix(want)))
	_, err = client.Get("http://b/")
	g.Expect(err).To(MatchError(ContainSubstring(want)))
	reach := nstest.Reach("10.0.0.2:80")
	g.Expect(reach.Match(a)).To(BeFalse())
	g.Expect(reach.FailureMessage(a)).To(HaveSuffix("\n    the network is not up: call Up first: dial tcp 10.0.0.2:80: connect: network is unreachable"))
	for what, listen := range map[string]func(h *topo.Host){
		"listen tcp 10.0.0.1:80": func(h *topo.Host) { h.Listen("tcp", "10.0.0.1:80") },
		"listen udp 10.0.0.1:80": func(h *topo.Host) { h.ListenPacket("udp", "10.0.0.1:80") },
	} {
		text := failure.Text(t, func(tb testing.TB) { listen(topo.New(tb).Host("a")) })
		g.Expect(text).To(Equal("nstest: a: the network is not up: call Up first: " + what + ": bind: cannot assign requested address"))
	}

	serve(a)
	conn, err := a.DialContext(t.Context(), "tcp", "127.0.0.1:80") // is there before
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(conn.Close()).To(Succeed())

	n.Up()
	serve(b)
	response, err := client.Get("http://b/")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(response.Body.Close()).To(Succeed())
	g.Expect(reach.Match(a)).To(BeTrue())
	g.Expect(nstest.Reach("10.0.0.2:81").Match(a)).To(BeFalse())
	g.Expect(failure.Text(t, func(tb testing.TB) { a.For(tb).Listen("tcp", "10.0.0.2:81") })).To(HavePrefix("nstest: a: listen tcp "), "the network is up")
	_, err = a.DialContext(t.Context(), "tcp", net.JoinHostPort(b.Addr4().String(), "1"))
	g.Expect(err).To(MatchError(Not(ContainSubstring("topo"))), "the network is up")
}

// A name that no node has is looked up by nobody: there is a default route, and no name server that could take its time.
func TestANameThatNoNodeHasIsRefusedAtOnce(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	client, west, server := n.Host("client"), n.Router("west"), n.Host("server")
	n.Link(client, west)
	n.Link(west, server)
	lonely := n.Host("lonely")
	n.Up()
	_, err := client.HTTPClient().Get("http://servr/")
	g.Expect(err).To(MatchError(And(
		ContainSubstring("topo: client: no host servr in this network: it has client, west, server, lonely: dial tcp: lookup servr on "),
		ContainSubstring("connection refused"))))
	g.Expect(client.Set().Command(t.Context(), "cat", "/etc/resolv.conf").Output()).To(HavePrefix("# "))

	_, err = client.DialContext(t.Context(), "tcp", "lonely:80")
	g.Expect(err).To(MatchError(HavePrefix("topo: client: lonely has no address: it has no link: ")))
	_, err = lonely.DialContext(t.Context(), "tcp", netip.AddrPortFrom(server.Addr4(), 80).String())
	g.Expect(err).To(MatchError(HavePrefix("topo: lonely: it has no link, Network.Link makes one: dial tcp")))

	server.Resolver("nameserver 10.0.1.2\n") // which is for all nodes
	g.Expect(client.Set().Command(t.Context(), "cat", "/etc/resolv.conf").Output()).To(Equal([]byte("nameserver 10.0.1.2\n")))
}

// All nodes have one /etc/hosts.
func TestANameThatHostsHasReplacedIsNamed(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a, b := n.Host("a"), n.Host("b")
	n.Link(a, b)
	n.Up()
	a.Hosts("10.0.0.1 alias\n")
	_, err := b.DialContext(t.Context(), "tcp", "a:80")
	g.Expect(err).To(MatchError(HavePrefix("topo: b: /etc/hosts of the network does not have a: Hosts has replaced it, for all hosts of the network: dial tcp: lookup a on ")))
	_, err = b.DialContext(t.Context(), "tcp", "alias:80")
	g.Expect(err).To(MatchError(HavePrefix("dial tcp 10.0.0.1:80: ")))
}

func TestAHostInTheWayIsNamed(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a, s, first, west, second, b := n.Host("a"), n.Switch("s"), n.Host("first"), n.Router("west"), n.Host("second"), n.Host("b")
	n.Link(a, s)
	n.Link(s, first)
	n.Link(first, west)
	n.Link(west, second)
	n.Link(second, b)
	n.Up()
	for _, address := range []string{"b:80", netip.AddrPortFrom(b.Addr4(), 80).String()} {
		_, err := a.DialContext(t.Context(), "tcp4", address)
		g.Expect(err).To(MatchError(HavePrefix("topo: a: the way to b leads over first, a host, which forwards nothing: Network.Router makes a node that does: dial tcp4")))
	}
	_, err := a.DialContext(t.Context(), "tcp4", "203.0.113.1:80")
	g.Expect(err).To(MatchError(HavePrefix("dial tcp4 203.0.113.1:80: ")))
	n.Links()[0].Down()
	_, err = a.DialContext(t.Context(), "tcp4", "b:80")
	g.Expect(err).To(MatchError(HavePrefix("dial tcp4 ")), "the link is the reason")
}

func TestOfManyNodesSomeAreNamed(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	s := n.Switch("s")
	for i := range 14 {
		n.Link(s, n.Host(fmt.Sprint("h", i)))
	}
	n.Up()
	_, err := n.Nodes()[1].(*topo.Host).DialContext(t.Context(), "tcp", "H15:80")
	g.Expect(err).To(MatchError(HavePrefix("topo: h0: no host H15 in this network: it has h0, h1, h2, h3, h4, h5, h6, h7, h8, h9, h10, h11 and 2 more: ")))
}
