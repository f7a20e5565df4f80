// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

var update = flag.Bool("update", false, "write the pictures in testdata anew")

// drawn are networks that there are pictures of.
var drawn = map[string]func(n *topo.Network){
	"failover": func(n *topo.Network) {
		client, server := n.Host("client"), n.Host("server")
		west, east := n.Router("west"), n.Router("east")
		n.Link(client, west)
		n.Link(client, east)
		wan := n.Link(west, server)
		n.Link(east, server, topo.Cost(5))
		n.Up()
		wan.Down()
	},
	"world": func(n *topo.Network) {
		eu, us := n.Region("eu"), n.Region("us")
		n.RegionDelay(eu, us, 40*time.Millisecond)
		west, east, server := us.Router("west"), eu.Router("east"), eu.Host("server")
		wan := n.Link(west, east, topo.Loss(0.01))
		n.Link(east, server, topo.LAN())
		for i := range 10 {
			n.Link(west, us.Host(fmt.Sprintf("phone%d", i)), topo.Mobile4G())
		}
		n.Up()
		wan.Set(topo.From(east, topo.Loss(1)))
	},
	"office": func(n *topo.Network) {
		r, s := n.Router("gateway"), n.Switch("floor")
		n.Link(r, s)
		printer := n.Host("printer")
		n.Link(s, printer)
		for i := range 12 {
			n.Link(s, n.Host(fmt.Sprintf("desk%d", i)))
		}
		a, b := n.Router("a"), n.Router("b")
		n.Link(r, a)
		n.Link(r, b, topo.MTU(1400))
		n.Link(a, b)
		one, two := n.Host("one"), n.Host("two")
		n.Link(one, two)
		n.Up()
		n.Partition([]topo.Node{a}, []topo.Node{b, r})
		n.Isolate(printer)
	},
	"homes": func(n *topo.Network) {
		internet := n.Router("internet")
		carrier := n.Router("carrier", topo.CarrierGradeNAT())
		n.Link(carrier, internet, topo.Outside(carrier))
		for _, name := range []string{"alice", "bob"} {
			h, home := n.Host(name), n.Router(name+"-home", topo.HomeNAT())
			n.Link(h, home)
			n.Link(home, carrier, topo.Outside(home))
		}
		n.Link(internet, n.Host("server"))
		n.Up()
		n.Isolate(carrier)
	},
}

func TestPicturesAreAsTheyWere(t *testing.T) {
	for name, build := range drawn {
		n := topo.New(t)
		build(n)
		for ext, picture := range map[string]string{"dot": n.Dot(), "mmd": n.Mermaid(), "svg": n.SVG()} {
			file := filepath.Join("testdata", name+"."+ext)
			if *update {
				if err := os.WriteFile(file, []byte(picture), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if picture != string(want) {
				t.Errorf("%s is another picture now, see -update:\n%s", file, picture)
			}
		}
	}
}

func TestLogHasASmallPicture(t *testing.T) {
	g := NewWithT(t)
	log := logOf(t, func(tb testing.TB) { drawn["failover"](topo.New(tb)) })
	g.Expect(log).To(HaveLen(2))
	g.Expect(log[0]).To(Equal(strings.TrimSpace(`
topo: the network as the test failed:
  west    eth1 10.0.2.1 fd00:0:0:2::1  ─ down ───  eth0 10.0.2.2 fd00:0:0:2::2  server
  client  eth0 10.0.0.1 fd00::1        ──────────  eth0 10.0.0.2 fd00::2        west
  client  eth1 10.0.1.1 fd00:0:0:1::1  ──────────  eth0 10.0.1.2 fd00:0:0:1::2  east
  east    eth1 10.0.3.1 fd00:0:0:3::1  ─ cost 5 ─  eth1 10.0.3.2 fd00:0:0:3::2  server`)))
}

func TestSmallPictureIsBounded(t *testing.T) {
	g := NewWithT(t)
	log := logOf(t, func(tb testing.TB) {
		n := topo.New(tb)
		s := n.Switch("s")
		for i := range 40 {
			n.Link(n.Host(fmt.Sprintf("h%d", i)), s)
		}
		n.Up()
	})
	g.Expect(log).To(HaveLen(1))
	g.Expect(strings.Count(log[0], "\n")).To(Equal(25))
	g.Expect(log[0]).To(HaveSuffix("\n  and 16 links more"))
}

func TestPictureIsKeptWithArtifacts(t *testing.T) {
	g := NewWithT(t)
	keeps := flag.Lookup("test.artifacts")
	before := keeps.Value.String()
	g.Expect(keeps.Value.Set("true")).To(Succeed())
	defer func() { g.Expect(keeps.Value.Set(before)).To(Succeed()) }()
	dir := t.TempDir()
	log := logOf(t, func(tb testing.TB) {
		tb.(*failing).artifacts = dir
		for range 2 {
			n := topo.New(tb)
			n.Link(n.Host("a"), n.Host("b"))
			n.Up()
		}
	})
	g.Expect(log).To(HaveLen(2))
	for i, name := range []string{"network.svg", "network-2.svg"} {
		path := filepath.Join(dir, name)
		g.Expect(log[i]).To(HaveSuffix("\n  drawn in " + path))
		text, err := os.ReadFile(path)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(text)).To(SatisfyAll(HavePrefix("<svg "), HaveSuffix("</svg>\n")))
	}
}

func TestImpairedLinksComeFirst(t *testing.T) {
	g := NewWithT(t)
	log := logOf(t, func(tb testing.TB) {
		n := topo.New(tb)
		s := n.Switch("s")
		for i := range 30 {
			n.Link(n.Host(fmt.Sprintf("h%d", i)), s)
		}
		n.Link(n.Host("slow"), s, topo.Delay(time.Second))
		n.Link(n.Host("gone"), s)
		n.Up()
		n.Links()[31].Down()
	})
	g.Expect(log[0]).To(MatchRegexp(`failed:\n  gone .* down .*\n  slow .* delay 1s .*\n  h0 `))
}
