// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// withSilence gives a fixture a network on which nobody ever answers.
func withSilence(t testing.TB, ns *nstest.Fixture, addresses ...string) {
	t.Helper()
	nl := ns.Netlink()
	noError(t, nl.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "near"}, PeerName: "far"}))
	for _, name := range []string{"near", "far"} {
		link, err := nl.LinkByName(name)
		noError(t, err)
		noError(t, nl.LinkSetARPOff(link)) // or the kernel gives up after three seconds
		noError(t, nl.LinkSetUp(link))
	}
	for _, address := range addresses {
		ns.AddAddress("near", address)
	}
}

// What fails, fails as with package net inside of Do: in the same words, with
// the same errno.
func TestErrorsAreThoseOfPackageNet(t *testing.T) {
	ns := withEtc(t, "127.0.0.1 four\n::1 six\n", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
	s := ns.Set()
	taken, err := s.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	defer taken.Close()

	dial := func(d interface {
		DialContext(context.Context, string, string) (net.Conn, error)
	}, network, address string) error {
		conn, err := d.DialContext(t.Context(), network, address)
		if err == nil {
			noError(t, conn.Close())
		}
		return err
	}
	type closer interface{ Close() error }
	done := func(c closer, err error) error {
		if err == nil {
			noError(t, c.Close())
		}
		return err
	}
	tries := map[string]func(network, address string) (ours, nets error){
		"dial": func(network, address string) (ours, nets error) {
			return dial(s, network, address), dial(new(net.Dialer), network, address)
		},
		"listen": func(network, address string) (ours, nets error) {
			ours = func() error { l, err := s.Listen(network, address); return done(l, err) }()
			return ours, func() error { l, err := net.Listen(network, address); return done(l, err) }()
		},
		"packet": func(network, address string) (ours, nets error) {
			ours = func() error { l, err := s.ListenPacket(network, address); return done(l, err) }()
			return ours, func() error { l, err := net.ListenPacket(network, address); return done(l, err) }()
		},
	}
	for _, c := range []struct {
		op, network, address string
		errno                error
	}{
		{"dial", "tcp", "127.0.0.1:1", unix.ECONNREFUSED},
		{"dial", "tcp6", "[::1]:1", unix.ECONNREFUSED},
		{"dial", "tcp", ":1", unix.ECONNREFUSED},
		{"dial", "tcp6", ":1", unix.ECONNREFUSED},
		{"dial", "tcp", "[::]:1", unix.ECONNREFUSED},
		{"dial", "tcp", "[::ffff:127.0.0.1]:1", unix.ECONNREFUSED},
		{"dial", "tcp", "192.0.2.1:1", unix.ENETUNREACH},
		{"dial", "tcp", "[2001:db8::1]:1", unix.ENETUNREACH},
		{"dial", "udp", "192.0.2.1:1", unix.ENETUNREACH},
		{"dial", "ip4:icmp", "192.0.2.1", unix.ENETUNREACH},
		{"dial", "unix", "@nobody", unix.ECONNREFUSED},
		{"dial", "unix", "/nowhere/at/all", unix.ENOENT},
		{"dial", "tcp4", "[::1]:1", nil},
		{"dial", "tcp6", "127.0.0.1:1", nil},
		{"dial", "tcp", "", nil},
		{"dial", "ip:1", "", nil},
		{"dial", "tcp", "127.0.0.1", nil},
		{"dial", "tcp", "::1:80", nil},
		{"dial", "tcp", "127.0.0.1:no-such-service", nil},
		{"dial", "tcp", "127.0.0.1:65536", nil},
		{"dial", "tcp", "127.0.0.1:-1", nil},
		{"dial", "udp4", "127.0.0.1:domain", nil},
		{"dial", "udp", "127.0.0.1:http", nil},
		{"dial", "tcp5", "127.0.0.1:1", nil},
		{"dial", "", "127.0.0.1:1", nil},
		{"dial", "4", "127.0.0.1:1", nil},
		{"dial", "ip", "127.0.0.1", nil},
		{"dial", "ip4:no-such-protocol", "127.0.0.1", nil},
		{"dial", "ip4:9999999", "127.0.0.1", nil},
		{"dial", "ip4:99999999", "127.0.0.1", nil},
		{"dial", "tcp:1", "127.0.0.1:1", nil},
		{"dial", "unixes", "@x", nil},
		{"listen", "tcp", taken.Addr().String(), unix.EADDRINUSE},
		{"listen", "tcp", "192.0.2.1:0", unix.EADDRNOTAVAIL},
		{"listen", "tcp", "", nil},
		{"listen", "udp", "127.0.0.1:0", nil},
		{"listen", "tcp4", "[::1]:0", nil},
		{"listen", "unix", "/nowhere/at/all", unix.ENOENT},
		{"listen", "unixgram", "@x", nil},
		{"packet", "udp", "192.0.2.1:0", unix.EADDRNOTAVAIL},
		{"packet", "tcp", "127.0.0.1:0", nil},
		{"packet", "udp6", "127.0.0.1:0", nil},
		{"packet", "udp", "", nil},
	} {
		t.Run(c.op+" "+c.network+" "+c.address, func(t *testing.T) {
			var ours, nets error
			ns.Do(func() { ours, nets = tries[c.op](c.network, c.address) })
			if text(ours) != text(nets) {
				t.Errorf("ours: %v\n net: %v", ours, nets)
			}
			if c.errno != nil && !errors.Is(ours, c.errno) {
				t.Errorf("%v is no %v", ours, c.errno)
			}
			our, isOur := errors.AsType[*net.OpError](ours)
			its, isIts := errors.AsType[*net.OpError](nets)
			if isOur != isIts || isOur && (our.Op != its.Op || our.Net != its.Net || text(our.Addr) != text(its.Addr)) {
				t.Errorf("ours: %#v\n net: %#v", our, its)
			}
		})
	}
}

func text(v any) string {
	switch v := v.(type) {
	case error:
		return v.Error()
	case net.Addr:
		return v.String()
	default:
		return "none"
	}
}

// A host of two families, one of which is silent or refuses, is connected to by
// way of the other.
func TestDialFallsBackToTheOtherFamily(t *testing.T) {
	ns := withEtc(t, "2001:db8::9 silent-six\n127.0.0.1 silent-six\n192.0.2.9 silent-four\n::1 silent-four\n"+
		"::9 refused-six\n127.0.0.1 refused-six\n", "")
	withSilence(t, ns, "2001:db8::1/64", "192.0.2.1/24")
	s := ns.Set()
	m := newMeter(t, s)
	l, err := s.Listen("tcp", ":0")
	noError(t, err)
	echo(t, m, l)
	_, port, err := net.SplitHostPort(l.Addr().String())
	noError(t, err)
	for _, host := range []string{"silent-six", "silent-four", "refused-six"} {
		conn, err := s.DialContext(t.Context(), "tcp", net.JoinHostPort(host, port))
		noError(t, err)
		m.check(t, "dialled", conn)
		talk(t, conn)
	}
}

// Of one family, each address gets its share of the time.
func TestDialSpreadsItsTimeOverTheAddresses(t *testing.T) {
	ns := withEtc(t, "192.0.2.9 host\n127.0.0.1 host\n", "")
	withSilence(t, ns, "192.0.2.1/24")
	l, err := ns.Set().Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	echo(t, newMeter(t, ns.Set()), l)
	_, port, err := net.SplitHostPort(l.Addr().String())
	noError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
	defer cancel()
	conn, err := ns.Set().DialContext(ctx, "tcp", net.JoinHostPort("host", port))
	noError(t, err)
	talk(t, conn)
}

// While nobody answers, dialling keeps no thread, and it ends when its context
// does.
func TestDialThatHangsKeepsNoThread(t *testing.T) {
	const dials = 200
	ns := nstest.New(t, set.NS_NET)
	withSilence(t, ns, "192.0.2.1/24")
	before := len(threads(t))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, dials)
	for range dials {
		go func() {
			_, err := ns.Set().DialContext(ctx, "tcp", "192.0.2.9:1")
			ended <- err
		}()
	}
	ns.Do(func() {
		waitFor(t, func() bool {
			text, err := os.ReadFile("/proc/thread-self/net/tcp")
			noError(t, err)
			return strings.Count(string(text), "\n") > dials // and its title
		})
	})
	if now := len(threads(t)); now > before+dials/4 {
		t.Errorf("%d threads, %d before %d dials", now, before, dials)
	}
	cancel()
	for range dials {
		err := <-ended
		op, ok := errors.AsType[*net.OpError](err)
		if !ok || op.Op != "dial" || op.Timeout() || !errors.Is(err, context.Canceled) {
			t.Fatalf("%v (%T), want a cancelled dial", err, err)
		}
	}
}

// waitFor waits until something that comes without an event is so.
func waitFor(t testing.TB, is func() bool) {
	t.Helper()
	for !is() {
		if t.Context().Err() != nil {
			t.Fatal("the test ends")
		}
		runtime.Gosched()
	}
}

func TestDialTimesOut(t *testing.T) {
	ns := nstest.New(t, set.NS_NET)
	withSilence(t, ns, "192.0.2.1/24")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := ns.Set().DialContext(ctx, "tcp", "192.0.2.9:1")
	netErr, ok := errors.AsType[net.Error](err)
	if !ok || !netErr.Timeout() || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want a time-out", err)
	}
	_, err = ns.Set().DialContext(ctx, "tcp", "192.0.2.9:1")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

// The zone of an address is an interface of the Set, whose name and number the
// process may have for something else.
func TestZonesAreInterfacesOfTheSet(t *testing.T) {
	ns := nstest.New(t, set.NS_NET)
	nl := ns.Netlink()
	for _, name := range []string{"filler1", "filler2"} { // the number of "mine" is none of the process's first
		noError(t, nl.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: name}}))
	}
	noError(t, nl.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "mine", Index: 4711}, PeerName: "peer"}))
	for _, name := range []string{"mine", "peer"} {
		link, err := nl.LinkByName(name)
		noError(t, err)
		noError(t, nl.LinkSetUp(link))
	}
	ns.AddAddress("mine", "fe80::42/64")
	// The kernel adds the route to the address some time later. What is sent before
	// that gets lost.
	waitFor(t, func() bool {
		routes, err := nl.RouteListFiltered(netlink.FAMILY_V6, &netlink.Route{Table: unix.RT_TABLE_LOCAL}, netlink.RT_FILTER_TABLE)
		noError(t, err)
		return slices.ContainsFunc(routes, func(r netlink.Route) bool { return r.Dst.String() == "fe80::42/128" })
	})
	m := newMeter(t, ns.Set())
	l, err := ns.Set().Listen("tcp", "[fe80::42%mine]:0")
	noError(t, err)
	echo(t, m, l)
	port := l.Addr().(*net.TCPAddr).Port
	for _, zone := range []string{"mine", "4711"} {
		to := netip.AddrPortFrom(netip.MustParseAddr("fe80::42").WithZone(zone), uint16(port))
		conn, err := ns.Set().DialContext(t.Context(), "tcp", to.String())
		noError(t, err)
		m.check(t, "dialled", conn)
		talk(t, conn)
	}
	_, err = ns.Set().DialContext(t.Context(), "tcp", "[fe80::42%other]:1")
	if err == nil || !strings.Contains(err.Error(), "interface other: no such device") {
		t.Errorf("an interface that is not there: %v", err)
	}
}

// A listener binds as package net's would.
func TestListenersBindAsThoseOfPackageNet(t *testing.T) {
	ns := withEtc(t, "127.0.0.1 localhost\n", "")
	type bound struct{ addr, domain, v6only, reuse string }
	look := func(addr net.Addr, socket any) bound {
		host, _, err := net.SplitHostPort(addr.String())
		if err != nil {
			host = addr.String()
		}
		return bound{host, option(t, socket, unix.SOL_SOCKET, unix.SO_DOMAIN),
			option(t, socket, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY), option(t, socket, unix.SOL_SOCKET, unix.SO_REUSEADDR)}
	}
	var plainTCP net.ListenConfig
	plainTCP.SetMultipathTCP(false) // with which options read differently
	for _, network := range []string{"tcp", "tcp4", "tcp6"} {
		for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "127.0.0.1:0", "[::1]:0", "localhost:0", ""} {
			var ours, nets net.Listener
			var err, netErr error
			ns.Do(func() {
				if ours, err = ns.Set().Listen(network, address); err == nil {
					defer ours.Close()
				}
				if nets, netErr = plainTCP.Listen(t.Context(), network, address); netErr == nil {
					defer nets.Close()
				}
				if err != nil || netErr != nil {
					if text(err) != text(netErr) {
						t.Errorf("%s %s: %v, with net %v", network, address, err, netErr)
					}
					return
				}
				if our, its := look(ours.Addr(), ours), look(nets.Addr(), nets); our != its {
					t.Errorf("%s %s: %v, with net %v", network, address, our, its)
				}
			})
		}
	}
	for _, network := range []string{"udp", "udp4", "udp6"} {
		for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "127.0.0.1:0", "[::1]:0", "224.0.0.251:0", "[ff02::fb]:0"} {
			ns.Do(func() {
				ours, err := ns.Set().ListenPacket(network, address)
				nets, netErr := net.ListenPacket(network, address)
				if err != nil || netErr != nil {
					if text(err) != text(netErr) {
						t.Errorf("%s %s: %v, with net %v", network, address, err, netErr)
					}
					return
				}
				if our, its := look(ours.LocalAddr(), ours), look(nets.LocalAddr(), nets); our != its {
					t.Errorf("%s %s: %v, with net %v", network, address, our, its)
				}
				noError(t, errors.Join(ours.Close(), nets.Close()))
			})
		}
	}
}
