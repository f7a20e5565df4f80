// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

func TestSocketsAreInTheFixture(t *testing.T) {
	g := NewWithT(t)
	a, b := nstest.New(t, set.NS_NET), nstest.New(t, set.NS_NET)
	const address = "127.0.0.1:80"
	for _, ns := range []*nstest.Fixture{a, b} { // the same port twice
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, ns.ID(set.NS_NET))
		})}
		l := ns.Listen("tcp", address)
		var serving sync.WaitGroup
		serving.Go(func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				t.Errorf("serve: %v", err)
			}
		})
		t.Cleanup(func() {
			if err := server.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			serving.Wait()
		})
	}
	for _, ns := range []*nstest.Fixture{a, b} {
		client := ns.HTTPClient()
		for range 2 {
			response, err := client.Get("http://" + address)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(io.ReadAll(response.Body)).To(BeEquivalentTo(ns.ID(set.NS_NET)))
			g.Expect(response.Body.Close()).To(Succeed())
		}
	}

	packets := a.ListenPacket("udp", "127.0.0.1:0")
	conn, err := a.DialContext(t.Context(), "udp", packets.LocalAddr().String())
	g.Expect(err).NotTo(HaveOccurred())
	defer conn.Close()
	_, err = io.WriteString(conn, "hello")
	g.Expect(err).NotTo(HaveOccurred())
	var buf [16]byte
	n, from, err := packets.ReadFrom(buf[:])
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(buf[:n])).To(Equal("hello"))
	g.Expect(from.String()).To(Equal(conn.LocalAddr().String()))
}

func TestListenersAreClosedWithTheTest(t *testing.T) {
	g := NewWithT(t)
	var l net.Listener
	var c net.PacketConn
	t.Run("inner", func(t *testing.T) {
		ns := nstest.New(t, set.NS_NET)
		l, c = ns.Listen("tcp", ":0"), ns.ListenPacket("udp", ":0")
		if err := ns.Listen("tcp", ":0").Close(); err != nil { // which the test may do itself
			t.Error(err)
		}
	})
	_, err := l.Accept()
	g.Expect(err).To(MatchError(net.ErrClosed))
	_, _, err = c.ReadFrom(nil)
	g.Expect(err).To(MatchError(net.ErrClosed))
}

// A doomed test keeps what it ended with.
type doomed struct {
	testing.TB
	said string
}

func (d *doomed) Fatalf(format string, args ...any) { d.Fatal(fmt.Sprintf(format, args...)) }

func (d *doomed) Fatal(args ...any) {
	d.said = fmt.Sprint(args...)
	runtime.Goexit()
}

func TestSocketsThatCannotBeEndTheTest(t *testing.T) {
	for name, c := range map[string]struct {
		flags int
		try   func(*nstest.Fixture)
		want  string
	}{
		"taken":       {set.NS_NET, func(f *nstest.Fixture) { f.Listen("tcp", ":1"); f.Listen("tcp", ":1") }, "address already in use"},
		"packet":      {set.NS_NET, func(f *nstest.Fixture) { f.ListenPacket("tcp", ":1") }, "unexpected address type"},
		"no listener": {set.NS_UTS, func(f *nstest.Fixture) { f.Listen("tcp", ":0") }, "the fixture has no net namespace, only uts"},
		"no packets":  {set.NS_UTS, func(f *nstest.Fixture) { f.ListenPacket("udp", ":0") }, "the fixture has no net namespace, only uts"},
		"no client":   {set.NS_UTS, func(f *nstest.Fixture) { f.HTTPClient() }, "the fixture has no net namespace, only uts"},
		"not named":   {set.NS_NET, func(f *nstest.Fixture) { f.Listen("tcp", "nowhere:at:all") }, "nstest: mine: listen tcp"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			tb := &doomed{TB: t}
			ns := nstest.New(tb, c.flags, nstest.Named("mine"))
			var trying sync.WaitGroup
			trying.Go(func() { c.try(ns) })
			trying.Wait()
			g.Expect(tb.said).To(ContainSubstring(c.want))
		})
	}
	_, err := nstest.New(t, set.NS_UTS).DialContext(t.Context(), "tcp", ":1")
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring("no net namespace, only uts")))
}

func TestAFixtureHasOneHTTPClient(t *testing.T) {
	g := NewWithT(t)
	a, b := nstest.New(t, set.NS_NET), nstest.New(t, set.NS_NET)
	l := a.Listen("tcp", "127.0.0.1:0")
	server := &http.Server{Handler: http.NotFoundHandler()}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) }) // until it is closed
	t.Cleanup(serving.Wait)
	t.Cleanup(func() { g.Expect(server.Close()).To(Succeed()) })
	var client *http.Client
	t.Run("inner", func(t *testing.T) { client = a.For(t).HTTPClient() })
	g.Expect(a.HTTPClient()).To(BeIdenticalTo(client))
	g.Expect(b.HTTPClient()).NotTo(BeIdenticalTo(client))
	response, err := client.Get("http://" + l.Addr().String()) // also after the subtest that asked first
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(response.Body.Close()).To(Succeed())
}

func TestWhatAnHTTPClientDialsEndsWithTheTest(t *testing.T) {
	g := NewWithT(t)
	before := nstest.Snapshot()
	failed := make(chan error, 1)
	t.Run("inner", func(t *testing.T) {
		g := NewWithT(t)
		client, server := nstest.New(t, set.NS_NET), nstest.New(t, set.NS_NET)
		cable(t, client, server)
		web := client.HTTPClient()
		go func() {
			_, err := web.Get("http://192.0.2.77/") // is nobody's
			failed <- err
		}()
		g.Eventually(func() ([]netlink.Neigh, error) { return client.Netlink().NeighList(0, netlink.FAMILY_V4) }).ShouldNot(BeEmpty())
	})
	g.Expect(nstest.Snapshot()).NotTo(nstest.HaveLeakedNamespaces(before))
	g.Expect(<-failed).To(MatchError(context.Canceled))
	g.Expect(nstest.Snapshot()).NotTo(nstest.HaveLeakedNamespaces(before))
}

func TestWhatAnHTTPClientHasNotReadEndsWithTheTest(t *testing.T) {
	g := NewWithT(t)
	ended := make(chan error, 1)
	var response *http.Response
	t.Run("inner", func(t *testing.T) {
		g := NewWithT(t)
		ns := nstest.New(t, set.NS_NET)
		l := ns.Listen("tcp", "127.0.0.1:0")
		go func() {
			conn, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			defer conn.Close()
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil { // what comes before it is no answer
				ended <- err
				return
			}
			if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"); err != nil {
				ended <- err
				return
			}
			_, err = io.Copy(io.Discard, conn)
			ended <- err
		}()
		var err error
		response, err = ns.HTTPClient().Get("http://" + l.Addr().String())
		g.Expect(response, err).To(HaveHTTPStatus(http.StatusOK))
	})
	g.Expect(<-ended).To(Or(Succeed(), MatchError(syscall.ECONNRESET)))
	g.Expect(response.Body.Close()).To(Succeed()) // which net/http's goroutines wait for
}
