// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/vishvananda/netlink"
)

// serve has a host answer HTTP requests with its name.
func serve(h *topo.Host) {
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, h.Name()) })}
	go server.Serve(h.Listen("tcp", ":80")) // ends with the listener
}

func get(t *testing.T, from *topo.Host, host string) error {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+"/", nil)
	if err != nil {
		return err
	}
	client := from.HTTPClient()
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && string(body) != host {
		err = fmt.Errorf("%q answers", body)
	}
	return err
}

func TestFailover(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	client, server := n.Host("client"), n.Host("server")
	west, east := n.Router("west"), n.Router("east")
	n.Link(client, west)
	n.Link(client, east)
	wan := n.Link(west, server)
	n.Link(east, server, topo.Cost(5))
	n.Up()

	serve(server)
	g.Expect(get(t, client, "server")).To(Succeed())
	packets := wan.End(west).Stats().TxPackets
	g.Expect(packets).To(BeNumerically(">", 4), "they go the way that costs less")
	wan.Down()
	g.Expect(get(t, client, "server")).To(Succeed())
	wan.Up()
	g.Expect(get(t, client, "server")).To(Succeed())
	g.Expect(wan.End(west).Stats().TxPackets).To(BeNumerically(">", packets+4))
}

func TestSwitchJoinsHosts(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	first, second := n.Switch("first"), n.Switch("second")
	n.Link(first, second)
	var hosts []*topo.Host
	for i := range 4 {
		h := n.Host(fmt.Sprintf("h%d", i))
		n.Link(h, []*topo.Switch{first, second}[i%2])
		hosts = append(hosts, h)
	}
	n.Up()
	for i, h := range hosts {
		serve(h)
		g.Expect(h.Addr4().String()).To(Equal(fmt.Sprintf("10.0.0.%d", i+1)))
		g.Expect(h.Addr6().String()).To(Equal(fmt.Sprintf("fd00::%d", i+1)))
		for _, other := range hosts[:i] {
			g.Expect(get(t, h, other.Name())).To(Succeed())
			conn, err := h.DialContext(t.Context(), "tcp", net.JoinHostPort(other.Addr6().String(), "80"))
			g.Expect(err).NotTo(HaveOccurred())
			conn.Close()
		}
	}
}

func TestAddressesAreChosen(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a, b, c := n.Host("a"), n.Host("b"), n.Host("c")
	s := n.Switch("s")
	n.Link(a, s, topo.Address(a, "192.0.2.2/24"))
	n.Link(b, s)
	n.Link(c, s)
	n.Link(a, b) // 10.0.0.0/24, unless somebody has it
	n.Link(b, c, topo.Subnet("10.0.0.0/16"))
	n.Up()
	g.Expect(fmt.Sprint(a.Addrs())).To(Equal("[192.0.2.2 10.1.0.1 fd00::1]"))
	g.Expect(fmt.Sprint(b.Addrs())).To(Equal("[192.0.2.1 10.1.0.2 fd00::2 10.0.0.1]"))
	g.Expect(fmt.Sprint(c.Addrs())).To(Equal("[192.0.2.3 10.0.0.2]"))
}

func TestRoutesLeadOverAllShortestPathsWithECMP(t *testing.T) {
	g := NewWithT(t)
	for hops, opts := range [][]topo.Option{1: nil, 2: {topo.ECMP()}} {
		if hops == 0 {
			continue
		}
		n := topo.New(t, opts...)
		a, b := n.Router("a"), n.Router("b")
		for _, name := range []string{"west", "east"} {
			r := n.Router(name)
			n.Link(a, r)
			n.Link(r, b)
		}
		n.Link(b, n.Host("host"), topo.Subnet("192.0.2.0/24"))
		n.Up()
		routes, err := a.Netlink().RouteList(nil, netlink.FAMILY_V4)
		g.Expect(err).NotTo(HaveOccurred())
		for _, r := range routes {
			if r.Dst.String() == "192.0.2.0/24" {
				g.Expect(max(len(r.MultiPath), 1)).To(Equal(hops))
			}
		}
	}
}

func TestNoRoutesLeavesThemOut(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t, topo.NoRoutes())
	a := n.Host("a")
	r := n.Router("r")
	b := n.Host("b")
	n.Link(a, r)
	n.Link(r, b)
	n.Up()
	routes, err := a.Netlink().RouteList(nil, netlink.FAMILY_V4)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(routes).To(HaveLen(1))
}

func TestNamesAreKnownToPrograms(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a, b := n.Host("a"), n.Host("b")
	n.Link(a, b)
	n.Up()
	out, err := a.Set().Command(t.Context(), "cat", "/etc/hosts").Output()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(out)).To(SatisfyAll(ContainSubstring("10.0.0.2 b\n"), ContainSubstring("fd00::2 b\n")))
}

func TestNothingIsLeftOfALargeStar(t *testing.T) {
	hosts := 300
	if testing.Short() {
		hosts = 30
	}
	g := NewWithT(t)
	n := topo.New(t)
	center := n.Router("center")
	for i := range hosts {
		n.Link(center, n.Host(fmt.Sprintf("h%d", i)))
	}
	n.Up()
	first, last := n.Nodes()[1].(*topo.Host), n.Nodes()[hosts].(*topo.Host)
	serve(last)
	g.Expect(get(t, first, last.Name())).To(Succeed())
}

func TestLinkOfASwitchGoesDown(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	s := n.Switch("s")
	a, b := n.Host("a"), n.Host("b")
	n.Link(a, s)
	port := n.Link(s, b)
	n.Up()
	server, client := b.ListenPacket("udp", ":9"), a.ListenPacket("udp", ":9")
	say := func(text string) {
		_, err := client.WriteTo([]byte(text), net.UDPAddrFromAddrPort(netip.AddrPortFrom(b.Addr4(), 9)))
		g.Expect(err).NotTo(HaveOccurred())
	}
	heard := func() string {
		buffer := make([]byte, 10)
		size, _, err := server.ReadFrom(buffer)
		g.Expect(err).NotTo(HaveOccurred())
		return string(buffer[:size])
	}
	say("first") // so that the next one does not wait for an answer to ARP
	g.Expect(heard()).To(Equal("first"))
	port.Down()
	g.Expect(port.End(s).Attrs().Flags & net.FlagUp).To(BeZero())
	say("lost")
	port.Up()
	say("second")
	g.Expect(heard()).To(Equal("second"))
}

func TestLinksGoUpAndDownFromManyGoroutines(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	client, server := n.Host("client"), n.Host("server")
	var links []*topo.Link
	for _, name := range []string{"west", "east"} {
		r := n.Router(name)
		links = append(links, n.Link(client, r), n.Link(r, server))
	}
	n.Up()
	var running sync.WaitGroup
	for _, l := range links {
		for range 2 {
			running.Go(func() {
				for range 20 {
					l.Down()
					l.Up()
				}
			})
		}
	}
	running.Go(func() {
		for i := range 10 {
			links[i%len(links)].Set(topo.Delay(time.Duration(i%3) * time.Microsecond))
		}
	})
	running.Go(func() {
		for range 5 {
			n.Partition([]topo.Node{client}, []topo.Node{server})
			n.Heal()
		}
	})
	running.Wait()
	serve(server)
	g.Expect(get(t, client, "server")).To(Succeed())
}

// A test may rename the interfaces of a network.
func TestAnEndThatWasRenamedIsFound(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a, b := n.Host("a"), n.Host("b")
	l := n.Link(a, b)
	n.Up()
	l.End(a).Rename("wan0")
	g.Expect(l.End(a).Name()).To(Equal("wan0"))
	l.Down()
	l.Up()
	serve(b)
	g.Expect(get(t, a, "b")).To(Succeed())
}
