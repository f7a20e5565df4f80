// SPDX-License-Identifier: Apache-2.0

package dns_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/dns"
	"golang.org/x/net/dns/dnsmessage"
)

func servers(list ...string) (addrs []netip.AddrPort) {
	for _, text := range list {
		addrs = append(addrs, netip.MustParseAddrPort(text))
	}
	return addrs
}

func TestParseConfig(t *testing.T) {
	fallback := dns.Config{Servers: servers("127.0.0.1:53", "[::1]:53"), Ndots: 1, Timeout: 5 * time.Second, Attempts: 2}
	all := dns.Config{
		Servers: servers("192.0.2.1:53", "[fe80::1%eth0]:53", "192.0.2.3:53"),
		Search:  []string{"a.example", "b.example"}, Ndots: 3, Timeout: 7 * time.Second, Attempts: 4,
		Rotate: true, TCP: true, OneByOne: true,
	}
	bounded := fallback
	bounded.Ndots, bounded.Timeout, bounded.Attempts, bounded.Search = 15, 30*time.Second, 5, []string{"last.example"}
	own := fallback
	own.Search = []string{"host.example"}
	for name, c := range map[string]struct {
		text, hostname string
		want           dns.Config
	}{
		"empty":      {"", "", fallback},
		"own domain": {"", "me.host.example", own},
		"no sense": {"nameserver nowhere\nnameserver\n\x00\n \nsearch .\noptions ndots:x timeout attempts: y:1\n", "plain",
			fallback},
		"all": {"# text\n; nameserver 192.0.2.9\ndomain old\nnameserver\t192.0.2.1\nnameserver fe80::1%eth0\n" +
			"nameserver ::ffff:192.0.2.3\nnameserver 192.0.2.4\nsearch a.example. b.example\n" +
			"options rotate use-vc ndots:3\noptions timeout:7 attempts:4 single-request edns0", "me.host.example", all},
		"bounds": {"search first.example\ndomain last.example\noptions ndots:99 timeout:99 attempts:99", "", bounded},
	} {
		if got := dns.ParseConfig(c.text, c.hostname); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestHosts(t *testing.T) {
	const text = "127.0.0.1 localhost  Local.\n::1\tlocalhost #other\n# 9.9.9.9 localhost\nnowhere localhost\n1.1.1.1\n" +
		"fe80::1%lo link localhost localhost"
	for name, want := range map[string]string{
		"localhost": "[127.0.0.1 ::1 fe80::1%lo]", "LOCAL": "[127.0.0.1]", "local.": "[127.0.0.1]", "link": "[fe80::1%lo]",
		"other": "[]", "": "[]", "nowhere": "[]",
	} {
		if got := fmt.Sprint(dns.Hosts(text, name)); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

// A script is how servers, by their addresses, answer a question; nil is silence.
type script func(server, network string, question dnsmessage.Message) []byte

func (s script) dial(_ context.Context, network string, server netip.AddrPort) (net.Conn, error) {
	client, peer := net.Pipe()
	go func() {
		defer peer.Close()
		buf := make([]byte, 4096)
		n, err := peer.Read(buf)
		if err != nil {
			return
		}
		question := buf[:n]
		if network == "tcp" {
			question = question[2:]
		}
		var message dnsmessage.Message
		if err := message.Unpack(question); err != nil {
			panic(err)
		}
		answer := s(server.String(), network, message)
		defer func() { _, _ = peer.Read(buf) }() // until the other side is closed
		if answer == nil {
			return
		}
		if network == "tcp" {
			answer = append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)
		}
		_, _ = peer.Write(answer)
	}()
	return client, nil
}

// reply packs an answer, changed in some way.
func reply(q dnsmessage.Message, change func(*dnsmessage.Message), addrs ...string) []byte {
	q.Response, q.RecursionAvailable, q.Additionals = true, true, nil
	for _, text := range addrs {
		ip := netip.MustParseAddr(text)
		header := dnsmessage.ResourceHeader{Name: q.Questions[0].Name, Class: dnsmessage.ClassINET}
		if ip.Is4() {
			q.Answers = append(q.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: ip.As4()}})
		} else {
			q.Answers = append(q.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}})
		}
	}
	if change != nil {
		change(&q)
	}
	packet, err := q.Pack()
	if err != nil {
		panic(err)
	}
	return packet
}

func TestTheNextServerIsAskedWhereOneDoesNotKnow(t *testing.T) {
	code := func(c dnsmessage.RCode) func(*dnsmessage.Message) {
		return func(m *dnsmessage.Message) { m.RCode = c }
	}
	const good = "192.0.2.1"
	for name, c := range map[string]struct {
		first    func(q dnsmessage.Message) []byte
		next     bool
		notFound bool
		text     string
	}{
		"knows":        {first: func(q dnsmessage.Message) []byte { return reply(q, nil, good) }},
		"silent":       {next: true, text: "context deadline exceeded", first: func(dnsmessage.Message) []byte { return nil }},
		"fails":        {next: true, text: "server misbehaving", first: func(q dnsmessage.Message) []byte { return reply(q, code(dnsmessage.RCodeServerFailure)) }},
		"refuses":      {next: true, text: "server misbehaving", first: func(q dnsmessage.Message) []byte { return reply(q, code(dnsmessage.RCodeRefused), good) }},
		"not there":    {notFound: true, text: "no such host", first: func(q dnsmessage.Message) []byte { return reply(q, code(dnsmessage.RCodeNameError)) }},
		"no addresses": {notFound: true, text: "no such host", first: func(q dnsmessage.Message) []byte { return reply(q, nil) }},
		"refers": {next: true, text: "lame referral", first: func(q dnsmessage.Message) []byte {
			return reply(q, func(m *dnsmessage.Message) { m.RecursionAvailable = false })
		}},
		"cut short": {next: true, text: "cannot unmarshal DNS message", first: func(q dnsmessage.Message) []byte {
			packet := reply(q, nil, good)
			return packet[:len(packet)-1]
		}},
		// What is no answer is waited out: others may have sent it.
		"other ID":       {next: true, text: "context deadline exceeded", first: func(q dnsmessage.Message) []byte { q.ID++; return reply(q, nil, good) }},
		"other question": {next: true, text: "context deadline exceeded", first: func(q dnsmessage.Message) []byte { q.Questions[0].Type++; return reply(q, nil, good) }},
		"a question": {next: true, text: "context deadline exceeded", first: func(q dnsmessage.Message) []byte {
			return reply(q, func(m *dnsmessage.Message) { m.Response = false }, good)
		}},
		"too short": {next: true, text: "context deadline exceeded", first: func(q dnsmessage.Message) []byte { return []byte{0} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			var mu sync.Mutex
			asked := make(map[string]int)
			client := dns.Client{Config: dns.Config{Servers: servers("192.0.2.53:53", "[::53]:53"), Timeout: 300 * time.Millisecond, Attempts: 1}}
			client.Dial = script(func(server, _ string, q dnsmessage.Message) []byte {
				mu.Lock()
				asked[server]++
				mu.Unlock()
				if server == "192.0.2.53:53" {
					return c.first(q)
				}
				return reply(q, nil, "192.0.2.2")
			}).dial
			got, err := client.Lookup(t.Context(), "a.example.", '4')
			want, n := "[]", 0
			switch {
			case c.next:
				want, n = "[192.0.2.2]", 1
			case !c.notFound:
				want = "[192.0.2.1]"
			}
			if fmt.Sprint(got) != want || asked["192.0.2.53:53"] == 0 || asked["[::53]:53"] != n {
				t.Errorf("%v (%v), asked %v, want %s", got, err, asked, want)
			}
			if e, ok := errors.AsType[*net.DNSError](err); (err != nil) != c.notFound || ok && !e.IsNotFound {
				t.Errorf("error %v", err)
			}
			client.Servers = client.Servers[:1]
			if _, err = client.Lookup(t.Context(), "a.example.", '4'); (c.text != "") != (err != nil) ||
				err != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("with no other server: %v, want %q", err, c.text)
			}
		})
	}
}

func TestAnAnswerTooLongForAPacketComesOverTCP(t *testing.T) {
	var networks []string
	client := dns.Client{Config: dns.ParseConfig("options single-request\nnameserver 192.0.2.53\n", "")}
	client.Dial = script(func(_, network string, q dnsmessage.Message) []byte {
		networks = append(networks, network)
		return reply(q, func(m *dnsmessage.Message) { m.Truncated = network == "udp" }, "192.0.2.1", "2001:db8::1")
	}).dial
	got, err := client.Lookup(t.Context(), "a.example.", 0)
	if fmt.Sprint(got, err) != "[192.0.2.1 2001:db8::1] <nil>" || fmt.Sprint(networks) != "[udp tcp udp tcp]" {
		t.Errorf("%v, %v over %v", got, err, networks)
	}
	client.TCP, networks = true, nil
	if _, err := client.Lookup(t.Context(), "a.example.", '6'); err != nil || fmt.Sprint(networks) != "[tcp]" {
		t.Errorf("%v over %v", err, networks)
	}
}

// Whatever comes back, it is an error or addresses of the family.
func FuzzAnswer(f *testing.F) {
	f.Add(reply(dnsmessage.Message{Questions: []dnsmessage.Question{{
		Name: dnsmessage.MustNewName("a.example."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET,
	}}}, nil, "192.0.2.1")[2:])
	f.Fuzz(func(t *testing.T, answer []byte) {
		client := dns.Client{Config: dns.Config{Servers: servers("192.0.2.53:53"), Attempts: 1, TCP: true, Timeout: time.Minute}}
		client.Dial = script(func(_, _ string, q dnsmessage.Message) []byte {
			return append(binary.BigEndian.AppendUint16(nil, q.ID), answer...)
		}).dial
		addrs, err := client.Lookup(t.Context(), "a.example.", '4')
		if (err == nil) != (len(addrs) > 0) {
			t.Errorf("%v, %v", addrs, err)
		}
		for _, ip := range addrs {
			if !ip.Is4() {
				t.Errorf("%v is not of the family", ip)
			}
		}
	})
}

// Nothing that Lookup began goes on when it has returned.
func TestLookupEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client := dns.Client{Config: dns.ParseConfig("nameserver 192.0.2.53\n", "")}
	var open sync.WaitGroup
	client.Dial = func(ctx context.Context, network string, server netip.AddrPort) (net.Conn, error) {
		conn, err := script(func(string, string, dnsmessage.Message) []byte { cancel(); return nil }).dial(ctx, network, server)
		open.Add(1)
		return &counted{Conn: conn, open: &open}, err
	}
	_, err := client.Lookup(ctx, "a.example.", 0)
	if e, ok := errors.AsType[*net.DNSError](err); !ok || !errors.Is(err, context.Canceled) || e.IsTimeout || e.IsTemporary {
		t.Errorf("%#v", err)
	}
	open.Wait() // hangs if a connection is left
}

type counted struct {
	net.Conn
	open *sync.WaitGroup
}

func (c *counted) Close() error { defer c.open.Done(); return c.Conn.Close() }
