// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"golang.org/x/sys/unix"
)

func TestCorporateFirewallLetsSomeServicesThrough(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]topo.NodeOption{
		"alone":      {topo.CorporateFirewall()},
		"with a NAT": {topo.CorporateFirewall(), topo.SymmetricNAT()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			w := newWorld(t, opts...)
			for _, server := range []netip.Addr{w.first.Addr4(), w.first.Addr6()} {
				for _, port := range []uint16{443, 80, 53} {
					g.Expect(dial(t, w.a, w.first, netip.AddrPortFrom(server, port), long)).To(Succeed())
				}
				g.Expect(dial(t, w.a, w.first, netip.AddrPortFrom(server, 22), shortly)).To(MatchError(context.DeadlineExceeded), "SSH")
				w.asks(server, 53, true)
				w.asks(server, 443, false) // QUIC
			}
			for _, inside := range []netip.Addr{w.a.Addr4(), w.a.Addr6()} {
				g.Expect(dial(t, w.first, w.a, netip.AddrPortFrom(inside, 443), shortly)).To(MatchError(context.DeadlineExceeded), "from outside")
			}
			outside := w.router.Addrs()[2]
			g.Expect(dial(t, w.first, &w.router.Host, netip.AddrPortFrom(outside, 443), shortly)).To(MatchError(context.DeadlineExceeded), "to the router")
			g.Expect(dial(t, w.a, w.b, netip.AddrPortFrom(w.b.Addr4(), 22), long)).To(Succeed(), "inside all is as it was")
			w.refuses(53)
		})
	}
}

const (
	long    = 20 * time.Second
	shortly = 300 * time.Millisecond // for what is to get no answer
)

// dial makes a connection of TCP to a host, which accepts it.
func dial(t *testing.T, from, to *topo.Host, at netip.AddrPort, wait time.Duration) error {
	t.Helper()
	l := to.Listen("tcp", netip.AddrPortFrom(netip.IPv6Unspecified(), at.Port()).String())
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	conn, err := from.DialContext(ctx, "tcp", at.String())
	if err != nil {
		return err
	}
	return conn.Close()
}

// asks sends a datagram to the first server, which answers it if it is to arrive.
func (w *world) asks(server netip.Addr, port uint16, arrives bool) {
	w.t.Helper()
	at := w.first.ListenPacket("udp", netip.AddrPortFrom(netip.IPv6Unspecified(), port).String())
	defer at.Close()
	inside := w.a.ListenPacket("udp", "[::]:0")
	defer inside.Close()
	send(w.t, inside, netip.AddrPortFrom(server, port), "question")
	if !arrives {
		if err := at.SetReadDeadline(time.Now().Add(shortly)); err != nil {
			w.t.Fatal(err)
		}
		if _, from, err := at.ReadFrom(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			w.t.Errorf("a datagram to %v port %d comes from %v: %v", server, port, from, err)
		}
		return
	}
	send(w.t, at, hear(w.t, at, "question"), "answer")
	hear(w.t, inside, "answer")
}

func TestCaptivePortalAsksFirst(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]topo.NodeOption{
		"alone":      {topo.CaptivePortal(nil)},
		"with a NAT": {topo.CaptivePortal(nil), topo.HomeNAT()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			w := newWorld(t, opts...)
			serve(w.first)
			serve(w.second)
			anywhere := []string{"first", "second", "[" + w.first.Addr6().String() + "]"}
			for _, host := range anywhere {
				g.Expect(get(t, w.a, host)).To(MatchError(ContainSubstring("captive portal: accept the terms first")))
			}
			for _, server := range []netip.Addr{w.first.Addr4(), w.first.Addr6()} {
				w.asks(server, 53, true)
				err := dial(t, w.a, w.first, netip.AddrPortFrom(server, 22), long)
				g.Expect(err).To(Or(MatchError(unix.EHOSTUNREACH), MatchError(unix.EACCES)))
			}
			g.Expect(dial(t, w.first, w.a, netip.AddrPortFrom(w.a.Addr6(), 22), shortly)).To(MatchError(context.DeadlineExceeded))

			w.router.Admit(w.a)
			for _, host := range anywhere[:2] {
				g.Expect(get(t, w.a, host)).To(Succeed())
			}
			for _, server := range []netip.Addr{w.first.Addr4(), w.first.Addr6()} {
				g.Expect(dial(t, w.a, w.first, netip.AddrPortFrom(server, 22), long)).To(Succeed())
			}
			g.Expect(get(t, w.b, "first")).To(MatchError(ContainSubstring("captive portal")))
		})
	}
}
