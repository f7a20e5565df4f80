// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

func TestNamesAreThoseOfTheSetsFilesAndServers(t *testing.T) {
	var many []netip.Addr
	for i := range 100 {
		many = append(many, netip.AddrFrom4([4]byte{127, 0, 2, byte(i)}))
	}
	a := withEtc(t, "127.0.0.7 mine MINE.test # not this\n::1 mine\n", "nameserver 127.0.0.1\nsearch no.test test.\noptions ndots:2\n")
	inA := serveNames(t, a, "127.0.0.1:53", map[string][]netip.Addr{
		"www.test.": ips("127.0.1.1", "::1"), "mine.test.": ips("127.0.9.9"), "mine.": ips("127.0.9.9"),
		"www.sub.test.": ips("127.0.1.2"), "www.sub.": ips("127.0.1.3"), "a.b.c.": ips("127.0.1.4"), "many.test.": many,
		"six.test.": ips("::6"), "four.test.": ips("127.0.0.4"),
	})
	b := withEtc(t, "127.0.0.8 mine\n", "# nothing else: the host itself\n")
	serveNames(t, b, "127.0.0.1:53", map[string][]netip.Addr{"www.test.": ips("127.0.3.3")})

	for _, c := range []struct {
		ns            *nstest.Fixture
		network, host string
		want          string
	}{
		{a, "ip", "mine", "[::1 127.0.0.7]"},
		{a, "ip4", "Mine.", "[127.0.0.7]"},
		{a, "ip", "mine.test", "[127.0.0.7]"},
		{a, "ip", "www", "[::1 127.0.1.1]"},
		{a, "ip6", "www", "[::1]"},
		{a, "ip", "WWW.Test.", "[::1 127.0.1.1]"},
		{a, "ip", "www.sub", "[127.0.1.2]"},
		{a, "ip", "www.sub.", "[127.0.1.3]"},
		{a, "ip", "a.b.c", "[127.0.1.4]"},
		{a, "ip", "six", "[::6]"},
		{a, "ip", "four", "[127.0.0.4]"},
		{a, "ip", "fe80::1%lo", "[fe80::1%lo]"},
		{b, "ip", "mine", "[127.0.0.8]"},
		{b, "ip", "www.test", "[127.0.3.3]"},
	} {
		got, err := c.ns.Set().LookupNetIP(t.Context(), c.network, c.host)
		noError(t, err)
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s %s: %v, want %s", c.network, c.host, got, c.want)
		}
	}
	if n := inA.count("tcp"); n != 0 {
		t.Errorf("%d questions over TCP", n)
	}
	got, err := a.Set().LookupNetIP(t.Context(), "ip", "many")
	noError(t, err)
	if !slices.Equal(got, many) || inA.count("tcp") != 1 {
		t.Errorf("an answer too long for UDP: %v, %d questions over TCP", got, inA.count("tcp"))
	}
}

// Whether there is a route is a matter of the Set's network namespace.
func TestAddressesAreInTheOrderOfTheSetsRoutes(t *testing.T) {
	hosts := "198.51.100.1 host\n2001:db8::1 host\n"
	for link, want := range map[string]string{
		"192.0.2.1/24":    "[198.51.100.1 2001:db8::1]",
		"2001:db8:1::/64": "[2001:db8::1 198.51.100.1]",
	} {
		ns := withEtc(t, hosts, "")
		withSilence(t, ns, link)
		near, err := ns.Netlink().LinkByName("near")
		noError(t, err)
		everywhere := &net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}
		if strings.Contains(link, "::") {
			everywhere = &net.IPNet{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}
		}
		noError(t, ns.Netlink().RouteAdd(&netlink.Route{LinkIndex: near.Attrs().Index, Dst: everywhere}))
		got, err := ns.Set().LookupNetIP(t.Context(), "ip", "host")
		noError(t, err)
		if fmt.Sprint(got) != want {
			t.Errorf("with a default route by %s: %v, want %s", link, got, want)
		}
	}
}

func TestLookupErrors(t *testing.T) {
	ns := withEtc(t, "", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
	silent := withEtc(t, "", "nameserver 192.0.2.9\noptions attempts:1\n")
	withSilence(t, silent, "192.0.2.1/24")
	refused := withEtc(t, "", "nameserver 127.0.0.1\n")
	serveNames(t, ns, "127.0.0.1:53", map[string][]netip.Addr{"four.test.": ips("127.0.0.1")})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	soon, cancelSoon := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancelSoon()
	for _, c := range []struct {
		name string
		ctx  context.Context
		ns   *nstest.Fixture
		host string
		want net.DNSError
		is   error
	}{
		{"unknown", t.Context(), ns, "nobody.test", net.DNSError{IsNotFound: true, Server: "127.0.0.1:53"}, nil},
		{"no name", t.Context(), ns, "a..b", net.DNSError{IsNotFound: true}, nil},
		{"empty", t.Context(), ns, "", net.DNSError{IsNotFound: true}, nil},
		{"too long", t.Context(), ns, strings.Repeat("x", 64), net.DNSError{IsNotFound: true}, nil},
		{"tor", t.Context(), ns, "x.onion", net.DNSError{IsNotFound: true}, nil},
		{"cancelled", ended, ns, "four.test", net.DNSError{Server: "127.0.0.1:53"}, context.Canceled},
		{"silent", soon, silent, "four.test", net.DNSError{IsTemporary: true, IsTimeout: true, Server: "192.0.2.9:53"}, context.DeadlineExceeded},
		{"no server", t.Context(), refused, "four.test", net.DNSError{IsTemporary: true, Server: "127.0.0.1:53"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.ns.Set().LookupNetIP(c.ctx, "ip", c.host)
			got, ok := errors.AsType[*net.DNSError](err)
			if !ok {
				t.Fatalf("%v (%T)", err, err)
			}
			if got.IsNotFound != c.want.IsNotFound || got.IsTimeout != c.want.IsTimeout ||
				got.IsTemporary != c.want.IsTemporary || got.Server != c.want.Server || got.Name != c.host {
				t.Errorf("%#v, want %#v", got, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v is no %v", err, c.is)
			}
		})
	}
	_, err := ns.Set().DialContext(t.Context(), "tcp", "nobody.test:80")
	if op, ok := errors.AsType[*net.OpError](err); !ok || op.Error() != "dial tcp: lookup nobody.test on 127.0.0.1:53: no such host" {
		t.Errorf("dial: %v", err)
	}
	if _, err := ns.Set().LookupNetIP(t.Context(), "tcp", "x"); !errors.Is(err, net.UnknownNetworkError("tcp")) {
		t.Errorf("a network that is none: %v", err)
	}
	if _, err := (set.Set{}).LookupNetIP(t.Context(), "ip", "x"); err == nil {
		t.Error("the zero Set looks names up")
	}
}

func TestNothingButAFileOfSomeSizeIsReadFromTheSetsEtc(t *testing.T) {
	a := withEtc(t, "127.0.0.7 mine\n", "")
	for _, c := range []struct {
		make string // a shell command that has $1 be something else
		want string
	}{
		{`mkfifo "$1"`, "and no file"},
		{`truncate -s 2M "$1"`, "more than 1048576 bytes"},
	} {
		path := filepath.Join(t.TempDir(), "hosts")
		out, err := a.Set().Command(t.Context(), "sh", "-c", c.make+` && mount --bind "$1" /etc/hosts`, "sh", path).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if _, err := a.Set().LookupNetIP(t.Context(), "ip", "mine"); !errors.Is(err, fs.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.make, err, c.want)
		}
	}
}
