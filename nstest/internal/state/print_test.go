// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
)

func TestNothingIsPrintedOfNothing(t *testing.T) {
	NewWithT(t).Expect(new(state.State).String()).To(BeEmpty())
}

func TestAllSectionsArePrinted(t *testing.T) {
	prefix, addr := netip.MustParsePrefix, netip.MustParseAddr
	s := &state.State{
		Links: []state.Link{
			{Index: 1, Name: "lo", State: "UP", MTU: 65536, Addresses: []state.Address{{Prefix: prefix("127.0.0.1/8")}, {Prefix: prefix("::1/128")}}},
			{Index: 2, Name: "eth0", State: "UP", MTU: 1500, MAC: "52:54:00:12:34:56", Kind: "veth", Master: 3,
				Below: 7, Where: "net:[4026532281]", Received: 3, Sent: 4, Dropped: 1,
				Addresses: []state.Address{{Prefix: prefix("192.0.2.2/24")}, {Prefix: prefix("2001:db8::2/64"), Notes: []string{"tentative"}}}},
			{Index: 3, Name: "br0", State: "NO-CARRIER", MTU: 1400, MAC: "52:54:00:12:34:57", Kind: "bridge"},
			{Index: 4, Name: "eth0.7", State: "DOWN", MTU: 1500, Kind: "vlan 7", Below: 2, Master: 99,
				Addresses: []state.Address{{Prefix: prefix("192.0.2.9/32"), Peer: prefix("192.0.2.10/32")}}},
		},
		Routes: []state.Route{
			{To: prefix("0.0.0.0/0"), Table: 254, Hops: []state.Hop{{Via: addr("192.0.2.1"), Link: 2}}},
			{To: prefix("::/0"), Table: 254, Metric: 1024, Hops: []state.Hop{{Via: addr("fe80::1"), Link: 2, Notes: []string{"linkdown"}}}},
			{To: prefix("192.0.2.0/24"), Table: 254, Source: addr("192.0.2.2"), Metric: 5, Hops: []state.Hop{{Link: 2}}},
			{To: prefix("198.51.100.7/32"), Table: 100, Hops: []state.Hop{{Via: addr("192.0.2.3"), Link: 2}, {Via: addr("192.0.2.4"), Link: 77}}},
			{To: prefix("10.0.0.0/8"), Type: "unreachable", Table: 253},
		},
		Rules: []state.Rule{
			{Priority: 5, Table: 100},
			{Priority: 6, Not: true, Selectors: []string{"from 192.0.2.0/24", "iif eth0"}, Goto: 32766, IPv6: true},
			{Priority: 7, Table: 254},
			{Priority: 8},
		},
		Neighbours: []state.Neighbour{
			{Addr: addr("192.0.2.1"), Link: 2, MAC: "52:54:00:00:00:01", State: "REACHABLE"},
			{Addr: addr("2001:db8::1"), Link: 2, State: "FAILED"},
		},
		Sockets: []state.Socket{
			{Protocol: "tcp", State: "TIME-WAIT", Local: "192.0.2.2:80", Remote: "192.0.2.1:49152"},
			{Protocol: "udp", Local: "[::]:53", ToRead: 5},
			{Protocol: "tcp", State: "LISTEN", Local: "0.0.0.0:80", ToRead: 2},
			{Protocol: "tcp", State: "ESTABLISHED", Local: "192.0.2.2:80", Remote: "192.0.2.1:49153", ToRead: 1, ToSend: 1448},
			{Protocol: "unix", State: "LISTEN", Local: "@name"},
		},
		Tables: []state.Table{{Family: "inet", Name: "filter", Chains: []state.Chain{
			{Name: "in", Type: "filter", Hook: "input", Policy: "drop", Rules: []string{"tcp dport 80 accept"}},
			{Name: "other"},
			{Name: "edge", Type: "filter", Hook: "ingress", Device: "eth0", Priority: -500, Policy: "accept"},
		}}},
		Mounts: []state.Mount{
			{Target: "/mnt/a b", Root: "/", FSType: "tmpfs", Source: "tmpfs"},
			{Target: "/etc/resolv.conf", Root: "/tmp/x", FSType: "ext4", Source: "/dev/vda"},
		},
		Unmounted: []state.Mount{{Target: "/proc", Root: "/", FSType: "proc", Source: "proc"}},
		Hostname:  "router",
		Domain:    "nis",
		Processes: []state.Process{
			{PID: 4711, Comm: "sleep", State: 'S', Args: []string{"sleep", "60"}},
			{PID: 4712, Comm: "a\nb", State: 'T'},
		},
		Troubles: map[string]error{"neighbours": errors.New("interrupted")},
	}
	NewWithT(t).Expect(s.String()).To(Equal(strings.TrimSpace(`
links
  lo      UP                             127.0.0.1/8 ::1/128
  eth0    UP          52:54:00:12:34:56  192.0.2.2/24 2001:db8::2/64 (tentative)  veth, peer if7 in net:[4026532281], master br0, received 3, sent 4, dropped 1
  br0     NO-CARRIER  52:54:00:12:34:57                                           bridge, mtu 1400
  eth0.7  DOWN                           192.0.2.9 peer 192.0.2.10/32             vlan 7, on eth0, master if99
routes
  default via 192.0.2.1 dev eth0
  default (IPv6) via fe80::1 dev eth0 linkdown
  192.0.2.0/24 dev eth0 src 192.0.2.2 metric 5
  198.51.100.7 via 192.0.2.3 dev eth0 or via 192.0.2.4 dev if77 table 100
  unreachable 10.0.0.0/8 table default
rules
  5: from all lookup 100
  6: not from 192.0.2.0/24 iif eth0 goto 32766 (IPv6)
  7: from all lookup main
  8: from all to nowhere (blackhole, unreachable or prohibit)
neighbours
  192.0.2.1    dev eth0  52:54:00:00:00:01  REACHABLE
  2001:db8::1  dev eth0                     FAILED
  cannot be read: interrupted
sockets
  tcp   LISTEN       0.0.0.0:80                     2 to accept
  unix  LISTEN       @name
  udp                [::]:53                        5 to read
  tcp   ESTABLISHED  192.0.2.2:80  192.0.2.1:49153  1 to read, 1448 to send
  tcp   TIME-WAIT    192.0.2.2:80  192.0.2.1:49152
nftables
  inet filter
    chain in: filter hook input priority 0, policy drop
      tcp dport 80 accept
    chain other
    chain edge: filter hook ingress device eth0 priority -500, policy accept
mounts
  /mnt/a b          tmpfs  tmpfs
  /etc/resolv.conf  ext4   /dev/vda[/tmp/x]
  /proc             proc   proc              (not mounted any more)
hostname
  router, domain nis
processes
  4711  sleep  sleep 60
  4712  a?b              stopped
`)))
}

// A log of ten thousand routes is one that nobody reads.
func TestNoSectionFloodsTheLog(t *testing.T) {
	g := NewWithT(t)
	var s state.State
	for i := range 10_000 {
		s.Routes = append(s.Routes, state.Route{To: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 32), Table: 254})
	}
	addresses := make([]state.Address, 1000)
	for i := range addresses {
		addresses[i].Prefix = netip.MustParsePrefix("192.0.2.1/24")
	}
	s.Links = []state.Link{{Name: "eth0", State: "UP", MTU: 1500, Addresses: addresses}}
	s.Processes = []state.Process{{PID: 1, Comm: "x", Args: []string{strings.Repeat("é", 10_000)}}}
	text := s.String()
	g.Expect(strings.Count(text, "\n")).To(Equal(1 + 1 + 40 + 1 + 2))
	g.Expect(text).To(ContainSubstring("  10.0.0.39\n  and 9960 more\nprocesses\n"))
	g.Expect(text).To(ContainSubstring("192.0.2.1/24 and 994 more\n"))
	g.Expect(text).To(HaveSuffix("é..."))
	g.Expect(len(text)).To(BeNumerically("<", 4000))
}

func TestAProcessIsNamed(t *testing.T) {
	g := NewWithT(t)
	g.Expect(fmt.Sprint(state.Process{PID: 7, Comm: "sh", Args: []string{"sh", "-c", "a\nb"}})).To(Equal("process 7 (sh -c a?b)"))
	g.Expect(fmt.Sprint(state.Process{PID: 7, Comm: "sh"})).To(Equal("process 7 (sh)"))
}
