// SPDX-License-Identifier: Apache-2.0

package packets_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/packets"
)

const (
	macs   = "020000000002 020000000001 "
	ipv4   = "45000030 00000000 40060000 c0000201 c0000202 "
	tcp    = "9e340050 00000001 00000000 5002ffff 00000000 6869"
	udp    = "00350400 000a0000 6869"
	icmpv4 = "4500001c 00000000 40010000 c0000201 c0000202 "
	icmp6  = "60000000 00083aff fe800000000000000000000000000001 ff020000000000000000000000000002 "
	v6next = "60000000 000a1140 20010db8000000000000000000000001 20010db8000000000000000000000002 "
)

var samples = []struct {
	bytes   string
	ip      bool
	summary string
	payload string
	isError bool
}{
	{bytes: macs + "0800" + ipv4 + tcp, summary: "TCP SYN 192.0.2.1:40500 > 192.0.2.2:80", payload: "hi"},
	{bytes: ipv4 + tcp, ip: true, summary: "TCP SYN 192.0.2.1:40500 > 192.0.2.2:80", payload: "hi"},
	{bytes: macs + "8100 0007 0800" + ipv4 + tcp, summary: "VLAN 7, TCP SYN 192.0.2.1:40500 > 192.0.2.2:80", payload: "hi"},
	{bytes: macs + "86dd" + v6next + udp, summary: "UDP [2001:db8::1]:53 > [2001:db8::2]:1024", payload: "hi"},
	{bytes: macs + "0806 0001 0800 0604 0001 020000000001 c0000201 000000000000 c0000202", summary: "ARP request 192.0.2.1 > 192.0.2.2"},
	{bytes: macs + "0800 4500001c 00000000 40010000 c0000201 c0000202 0301 0000 00000000", summary: "ICMP host unreachable 192.0.2.1 > 192.0.2.2", isError: true},
	{bytes: icmpv4 + "0304 0000 00000578", ip: true, summary: "ICMP unreachable - need to frag (mtu 1400) 192.0.2.1 > 192.0.2.2", isError: true},
	{bytes: icmpv4 + "030f 0000 00000000", ip: true, summary: "ICMP unreachable (code 15) 192.0.2.1 > 192.0.2.2", isError: true},
	{bytes: icmpv4 + "0b00 0000 00000000", ip: true, summary: "ICMP time exceeded in-transit 192.0.2.1 > 192.0.2.2", isError: true},
	{bytes: icmpv4 + "0800 0000 00070001", ip: true, summary: "ICMP echo request 192.0.2.1 > 192.0.2.2"},
	{bytes: icmpv4 + "2a02 0000 00000000", ip: true, summary: "ICMP type 42 (code 2) 192.0.2.1 > 192.0.2.2"},
	{bytes: icmpv4 + "2a00 0000 00000000", ip: true, summary: "ICMP type 42 192.0.2.1 > 192.0.2.2"},
	{bytes: icmp6 + "0200 0000 00000500", ip: true, summary: "ICMPv6 packet too big (mtu 1280) fe80::1 > ff02::2", isError: true},
	{bytes: icmp6 + "0104 0000 00000000", ip: true, summary: "ICMPv6 port unreachable fe80::1 > ff02::2", isError: true},
	{bytes: icmp6 + "8f00 0000 00000000", ip: true, summary: "ICMPv6 multicast listener report v2 fe80::1 > ff02::2"},
	{bytes: "4500001c 00000000 402f0000 c0000201 c0000202 00000000", ip: true, summary: "IPv4 GRE 192.0.2.1 > 192.0.2.2"},
	{bytes: ipv4 + "9e340050 00000001 00000000 5014ffff 00000000 6869", ip: true, summary: "TCP RST ACK 192.0.2.1:40500 > 192.0.2.2:80", payload: "hi", isError: true},
	{bytes: macs + "86dd 60000000 00083aff fe800000000000000000000000000001 ff020000000000000000000000000002 8500 0000 00000000",
		summary: "ICMPv6 router solicitation fe80::1 > ff02::2"},
	{bytes: macs + "0800 4500001c 00000002 40110000 c0000201 c0000202 6869", summary: "IPv4 fragment at 16 192.0.2.1 > 192.0.2.2"},
	{bytes: macs + "88b5 6869", summary: "type 0x88b5 02:00:00:00:00:01 > 02:00:00:00:00:02"},
	{bytes: "0200", summary: "no Ethernet frame"},
}

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAPacketIsDescribedInALine(t *testing.T) {
	for _, sample := range samples {
		d := packets.Decode(decoded(t, sample.bytes), sample.ip)
		if d.String() != sample.summary || string(d.Payload) != sample.payload || d.Error != sample.isError {
			t.Errorf("%q with %q, an error: %t; want %q with %q, an error: %t", d, d.Payload, d.Error, sample.summary, sample.payload, sample.isError)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, sample := range samples {
		data, err := hex.DecodeString(strings.ReplaceAll(sample.bytes, " ", ""))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, sample.ip)
	}
	f.Fuzz(func(t *testing.T, data []byte, ip bool) {
		if d := packets.Decode(data, ip); d.String() == "" || len(d.Payload) > len(data) {
			t.Errorf("%+v", d)
		}
	})
}
