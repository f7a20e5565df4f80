// SPDX-License-Identifier: Apache-2.0

// Package captured is a suite that the tests of package trace run in a process of its own, with NSTEST_PCAP.
package captured

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/journal"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/seed-1bc5c4a2/gonso/nstest/trace"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
	"github.com/seed-1bc5c4a2/gonso/set"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv("SUITE_GINKGO") != "" { // which leaves goroutines
		nstest.Main(m)
	}
	goleak.VerifyTestMain(&nstest.M{M: m})
}

func pair(t testing.TB) (client, server *nstest.Fixture) {
	client, server = nstest.New(t, set.NS_NET, nstest.Named("client")), nstest.New(t, set.NS_NET, nstest.Named("server"))
	link.Veth(t, client, server, link.Name("eth0"), link.Address("192.0.2.1/24"), link.Peer(link.Name("eth0"), link.Address("192.0.2.2/24")))
	return client, server
}

func say(t testing.TB, from, to *nstest.Fixture, address, text string) {
	conn := to.ListenPacket("udp", net.JoinHostPort(address, "0"))
	defer conn.Close()
	out, err := from.DialContext(t.Context(), "udp", conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.WriteString(out, text); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.ReadFrom(make([]byte, 1<<16)); err != nil {
		t.Fatal(err)
	}
}

func mark(t testing.TB, text string) {
	journal.Add(t, tracedata.Event{Lane: tracedata.TestLane, Kind: "mark", Text: text})
}

// serve has an HTTPS server in a fixture.
func serve(t *testing.T, server *nstest.Fixture) (url string) {
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "what nobody else may read")
	}))
	web.Listener.Close()
	web.Listener = server.Listen("tcp", "192.0.2.2:0")
	web.StartTLS()
	t.Cleanup(web.Close)
	return web.URL
}

func TestHTTPS(t *testing.T) {
	client, server := pair(t)
	url := serve(t, server)
	mark(t, "the request begins")
	dialer := &tls.Config{InsecureSkipVerify: true, KeyLogWriter: trace.KeyLog(t)}
	get := &http.Client{Transport: &http.Transport{DialContext: client.DialContext, TLSClientConfig: dialer, DisableKeepAlives: true}}
	response, err := get.Get(url + "/secret")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "what nobody else may read" {
		t.Error(string(body), err)
	}
	t.Error("on purpose")
}

// A program that is told where to write its secrets.
func TestDaemon(t *testing.T) {
	client, server := pair(t)
	url := serve(t, server)
	curl := client.Start(client.Command("curl", "--silent", "--insecure", url+"/by-curl"))
	if err := curl.Wait(); err != nil {
		t.Error(err)
	}
	t.Error("on purpose")
}

func TestPasses(t *testing.T) {
	client, server := pair(t)
	say(t, client, server, "192.0.2.2", "hello")
}

func TestCleanUpFails(t *testing.T) {
	client, server := pair(t)
	client.Cleanup(t, func() error { return errors.New("on purpose") })
	say(t, client, server, "192.0.2.2", "hello")
}

func TestLastCleanUpFails(t *testing.T) {
	t.Cleanup(func() { t.Error("on purpose") })
	client, server := pair(t)
	say(t, client, server, "192.0.2.2", "hello")
}

func TestPanics(t *testing.T) {
	client, server := pair(t)
	say(t, client, server, "192.0.2.2", "hello")
	panic("on purpose")
}

// The hops of a packet are in one capture, whose test shares fixtures with the one around it.
func TestSub(t *testing.T) {
	client, server := pair(t)
	say(t, client, server, "192.0.2.2", "before")
	t.Run("a/../b \x00 ?* "+string(make([]byte, 300)), func(t *testing.T) {
		third := nstest.New(t, set.NS_NET, nstest.Named("third"))
		link.Veth(t, server, third, link.Name("eth1"), link.Address("198.51.100.1/24"), link.Peer(link.Address("198.51.100.2/24")))
		say(t, server, third, "198.51.100.2", "inside")
		mark(t, "in the subtest")
		t.Error("on purpose")
	})
	say(t, client, server, "192.0.2.2", "after")
}

func TestWire(t *testing.T) {
	a, b := nstest.New(t, set.NS_NET, nstest.Named("a")), nstest.New(t, set.NS_NET, nstest.Named("b"))
	w := wire.Join(t, a, b)
	a.AddAddress("eth0", "192.0.2.1/24")
	b.AddAddress("eth0", "192.0.2.2/24")
	say(t, a, b, "192.0.2.2", "arrives")
	w.Filter(func(f *wire.Frame) wire.Verdict {
		if string(f.Payload()) == "is lost" {
			return wire.Drop
		}
		return wire.Pass
	})
	out, err := a.DialContext(t.Context(), "udp", "192.0.2.2:9")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.WriteString(out, "is lost"); err != nil {
		t.Fatal(err)
	}
	say(t, a, b, "192.0.2.2", "arrives too")
	t.Error("on purpose")
}

func TestNetwork(t *testing.T) {
	n := topo.New(t)
	west, east := n.Host("west"), n.Host("east")
	n.Link(west, n.Router("router"))
	n.Link(n.Nodes()[2], east)
	n.Up()
	response := make(chan error, 1)
	l := east.Listen("tcp", ":80")
	go func() {
		conn, err := l.Accept()
		if err == nil {
			err = conn.Close()
		}
		response <- err
	}()
	conn, err := west.DialContext(t.Context(), "tcp", "east:80")
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if err := <-response; err != nil {
		t.Error(err)
	}
	t.Error("on purpose")
}

func TestMany(t *testing.T) {
	for i := range 64 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			f := nstest.New(t, set.NS_NET, nstest.Named("it"))
			say(t, f, f, "127.0.0.1", fmt.Sprintf("number %d", i))
			if i%2 == 0 {
				t.Error("on purpose")
			}
		})
	}
}

// As many packets as the machine makes.
func TestFlood(t *testing.T) {
	f := nstest.New(t, set.NS_NET, nstest.Named("flooded"))
	f.AddAddress("lo", "192.0.2.1/32")
	f.ListenPacket("udp", "192.0.2.1:9") // or else every second one is refused
	conn, err := f.DialContext(t.Context(), "udp", "192.0.2.1:9")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i := range 100_000 {
		if _, err := fmt.Fprintf(conn, "%0100d", i); err != nil {
			t.Fatal(err)
		}
	}
	t.Error("on purpose")
}

// It is killed when it has said so.
func TestIsKilled(t *testing.T) {
	client, server := pair(t)
	say(t, client, server, "192.0.2.2", "before the end")
	mark(t, "the end is near")
	fmt.Println("kill me")
	<-t.Context().Done()
}
