// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/dns"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"
)

// A nameServer lives in a Set and knows its zone, nothing else.
type nameServer struct {
	zone map[string][]netip.Addr

	mu    sync.Mutex
	asked map[string]int // by transport
}

// serveNames starts a name server on an address of the fixture, until the test
// ends. Answers of more than eight addresses do not fit into a packet.
func serveNames(t testing.TB, ns *nstest.Fixture, address string, zone map[string][]netip.Addr) *nameServer {
	t.Helper()
	server := &nameServer{zone: zone, asked: make(map[string]int)}
	var packets net.PacketConn
	var streams net.Listener
	ns.Do(func() {
		var err error
		packets, err = net.ListenPacket("udp", address)
		noError(t, err)
		streams, err = net.Listen("tcp", address)
		noError(t, err)
	})
	var serving sync.WaitGroup
	t.Cleanup(func() {
		noError(t, packets.Close())
		noError(t, streams.Close())
		serving.Wait()
	})
	serving.Go(func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := packets.ReadFrom(buf)
			if err != nil {
				return
			}
			if _, err := packets.WriteTo(server.answer(t, "udp", buf[:n]), from); err != nil {
				t.Errorf("answer: %v", err)
			}
		}
	})
	serving.Go(func() {
		for {
			conn, err := streams.Accept()
			if err != nil {
				return
			}
			var length [2]byte
			_, err = io.ReadFull(conn, length[:])
			noError(t, err)
			question := make([]byte, binary.BigEndian.Uint16(length[:]))
			_, err = io.ReadFull(conn, question)
			noError(t, err)
			answer := server.answer(t, "tcp", question)
			_, err = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
			noError(t, err)
			noError(t, conn.Close())
		}
	})
	return server
}

func (s *nameServer) answer(t testing.TB, transport string, packet []byte) []byte {
	s.mu.Lock()
	s.asked[transport]++
	s.mu.Unlock()
	var question dnsmessage.Message
	noError(t, question.Unpack(packet))
	q := question.Questions[0]
	addrs, known := s.zone[strings.ToLower(q.Name.String())]
	answer := dnsmessage.Message{Questions: question.Questions, Header: dnsmessage.Header{
		ID: question.ID, Response: true, RecursionAvailable: true,
	}}
	if !known {
		answer.RCode = dnsmessage.RCodeNameError
	}
	// The name leads to the addresses by way of another one.
	alias := dnsmessage.MustNewName("alias." + q.Name.String())
	if len(addrs) > 0 {
		answer.Answers = append(answer.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class},
			Body:   &dnsmessage.CNAMEResource{CNAME: alias},
		})
	}
	for _, ip := range addrs {
		header := dnsmessage.ResourceHeader{Name: alias, Class: q.Class}
		switch {
		case ip.Is4() && q.Type == dnsmessage.TypeA:
			answer.Answers = append(answer.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: ip.As4()}})
		case ip.Is6() && q.Type == dnsmessage.TypeAAAA:
			answer.Answers = append(answer.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}})
		}
	}
	if transport == "udp" && len(answer.Answers) > 8 {
		answer.Truncated, answer.Answers = true, nil
	}
	out, err := answer.Pack()
	noError(t, err)
	return out
}

// count returns how many questions came by a transport.
func (s *nameServer) count(transport string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[transport]
}

// withEtc makes a fixture whose /etc/hosts and /etc/resolv.conf have these texts.
func withEtc(t testing.TB, hosts, resolvConf string) *nstest.Fixture {
	t.Helper()
	ns := nstest.New(t, set.NS_NET|set.NS_MNT)
	dir := t.TempDir()
	ns.Do(func() {
		for name, text := range map[string]string{"hosts": hosts, "resolv.conf": resolvConf} {
			file := filepath.Join(dir, name)
			noError(t, os.WriteFile(file, []byte(text), 0o644))
			noError(t, unix.Mount(file, "/etc/"+name, "", unix.MS_BIND, ""))
		}
	})
	return ns
}

// processNameServer is the first one that this process would ask.
func processNameServer(t testing.TB) netip.AddrPort {
	t.Helper()
	text, err := os.ReadFile("/etc/resolv.conf")
	noError(t, err)
	return dns.ParseConfig(string(text), "").Servers[0]
}

func ips(list ...string) (addrs []netip.Addr) {
	for _, text := range list {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	return addrs
}
