// SPDX-License-Identifier: Apache-2.0

package everyframe_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/quic-go/quic-go"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// patience is more than any protocol here needs to get over a lost frame.
const patience = 20 * time.Second

// certificate returns one for the name example.com, and who trusts it.
func certificate() (server, client *tls.Config) {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	trust := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{RootCAs: trust, ServerName: "example.com"}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	serverTLS, clientTLS := certificate()
	topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
		client, server := hosts(n)
		l := tls.NewListener(server.Listen("tcp", ":443"), serverTLS)
		served := make(chan error, 1)
		go func() {
			conn, err := l.Accept()
			if err == nil {
				_, err = io.Copy(conn, conn)
				err = errors.Join(err, conn.Close())
			}
			served <- err
		}()
		raw, err := client.DialContext(t.Context(), "tcp", net.JoinHostPort(server.Addr6().String(), "443"))
		if err != nil {
			t.Fatal(err)
		}
		conn := tls.Client(raw, clientTLS)
		if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Error(err)
		}
		_, err = io.WriteString(conn, "hello")
		err = errors.Join(err, conn.CloseWrite())
		got, readErr := io.ReadAll(conn)
		if err := errors.Join(err, readErr, conn.Close()); err != nil || string(got) != "hello" {
			t.Errorf("client: %q, %v", got, err)
		}
		if err := <-served; err != nil {
			t.Error("server:", err)
		}
	})
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	serverTLS, clientTLS := certificate()
	serverTLS.NextProtos = []string{"h2"}
	topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
		client, server := hosts(n)
		web := &http.Server{TLSConfig: serverTLS.Clone(), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.Proto)
		})}
		defer web.Close()
		go web.ServeTLS(server.Listen("tcp", ":443"), "", "")
		ask := client.HTTPClient()
		ask.Timeout = patience
		ask.Transport.(*http.Transport).TLSClientConfig = clientTLS.Clone()
		response, err := ask.Get("https://" + net.JoinHostPort(server.Addr4().String(), "443"))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if body, err := io.ReadAll(response.Body); err != nil || string(body) != "HTTP/2.0" {
			t.Errorf("%q, %v", body, err)
		}
	})
}

// The client repeats its question after a while.
func TestDNS(t *testing.T) {
	t.Parallel()
	topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
		client, server := hosts(n)
		answers := &dns.Server{PacketConn: server.ListenPacket("udp", ":53"), Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
			answer := new(dns.Msg)
			answer.SetReply(q)
			answer.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(192, 0, 2, 7)}}
			_ = w.WriteMsg(answer) // who misses it asks again
		})}
		go answers.ActivateAndServe() // ends with its connection
		resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return client.DialContext(ctx, "udp", net.JoinHostPort(server.Addr4().String(), "53"))
		}}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if got, err := resolver.LookupNetIP(ctx, "ip4", "example.org."); err != nil || len(got) != 1 || got[0].String() != "192.0.2.7" {
			t.Errorf("%v, %v", got, err)
		}
	})
}

// A host asks for its address while Up runs, and again if it gets no answer.
func TestDHCP(t *testing.T) {
	t.Parallel()
	for version, c := range map[string]struct {
		serves topo.NodeOption
		got    func(*topo.Host) netip.Addr
	}{
		"v4": {topo.DHCP4(), (*topo.Host).Addr4},
		"v6": {topo.DHCP6(), (*topo.Host).Addr6},
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
				router, host := n.Router("router", c.serves), n.Host("host", topo.Dynamic())
				n.Link(router, host)
				n.Up()
				if got := c.got(host); !got.IsValid() {
					t.Error("the host has no address")
				}
			}, topo.DuringUp())
		})
	}
}

func TestQUIC(t *testing.T) {
	t.Parallel()
	serverTLS, clientTLS := certificate()
	serverTLS.NextProtos, clientTLS.NextProtos = []string{"echo"}, []string{"echo"}
	topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
		client, server := hosts(n)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		from, to := &quic.Transport{Conn: client.ListenPacket("udp", ":0")}, &quic.Transport{Conn: server.ListenPacket("udp", ":443")}
		defer from.Close()
		defer to.Close()
		l, err := to.Listen(serverTLS, nil)
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- echoQUIC(ctx, l) }()
		got, err := sayQUIC(ctx, from, &net.UDPAddr{IP: server.Addr4().AsSlice(), Port: 443}, clientTLS)
		if err != nil || got != "hello" {
			t.Errorf("client: %q, %v", got, err)
		}
		if err := <-served; err != nil {
			t.Error("server:", err)
		}
	}, topo.Limit(40))
}

// echoQUIC sends a stream of one connection back.
func echoQUIC(ctx context.Context, l *quic.Listener) error {
	conn, err := l.Accept(ctx)
	if err != nil {
		return err
	}
	stream, err := conn.AcceptStream(ctx)
	if err != nil {
		return err
	}
	if _, err := io.Copy(stream, stream); err != nil {
		return err
	}
	if err := stream.Close(); err != nil {
		return err
	}
	select { // until the client has all
	case <-conn.Context().Done():
	case <-ctx.Done():
	}
	return nil
}

func sayQUIC(ctx context.Context, from *quic.Transport, server net.Addr, config *tls.Config) (string, error) {
	conn, err := from.Dial(ctx, server, config, nil)
	if err != nil {
		return "", err
	}
	stream, err := conn.OpenStreamSync(ctx)
	if err != nil {
		return "", err
	}
	if _, err := io.WriteString(stream, "hello"); err != nil {
		return "", err
	}
	if err := stream.Close(); err != nil {
		return "", err
	}
	got, err := io.ReadAll(stream)
	return string(got), errors.Join(err, conn.CloseWithError(0, ""))
}
