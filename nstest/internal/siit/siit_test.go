// SPDX-License-Identifier: Apache-2.0

package siit_test

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/siit"
)

// One host and one server, in either family.
var (
	host4, server4 = netip.MustParseAddr("240.0.0.2"), netip.MustParseAddr("192.0.2.1")
	host6, server6 = netip.MustParseAddr("2001:db8::7"), netip.MustParseAddr("64:ff9b::192.0.2.1")
)

func addresses(a netip.Addr) (netip.Addr, bool) {
	other, known := map[netip.Addr]netip.Addr{host4: host6, host6: host4, server4: server6, server6: server4}[a]
	return other, known
}

// build makes a packet of layers, with checksums, in Go's field of packets: an opinion of its own.
func build(t testing.TB, list ...gopacket.SerializableLayer) []byte {
	t.Helper()
	var network gopacket.NetworkLayer
	for _, l := range list {
		switch l := l.(type) {
		case gopacket.NetworkLayer:
			network = l
		case interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}:
			if err := l.SetNetworkLayerForChecksum(network); err != nil {
				t.Fatal(err)
			}
		}
	}
	buffer := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, list...); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

func ip4(from, to netip.Addr, protocol layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, IHL: 5, TOS: 0x2e, TTL: 61, Protocol: protocol, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
}

func ip6(from, to netip.Addr, protocol layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, TrafficClass: 0x2e, HopLimit: 61, NextHeader: protocol, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
}

func TestTranslate(t *testing.T) {
	text := gopacket.Payload("some text")
	udp := func() gopacket.SerializableLayer { return &layers.UDP{SrcPort: 4000, DstPort: 9} }
	tcp := func() gopacket.SerializableLayer { return &layers.TCP{SrcPort: 4000, DstPort: 80, Seq: 7, SYN: true} }
	icmp4 := func(kind, code uint8, id, seq uint16) gopacket.SerializableLayer {
		return &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(kind, code), Id: id, Seq: seq}
	}
	icmp6 := func(kind, code uint8) gopacket.SerializableLayer {
		return &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, code)}
	}
	echo := func(id, seq uint16) gopacket.SerializableLayer {
		return &layers.ICMPv6Echo{Identifier: id, SeqNumber: seq}
	}
	rest := func(b ...byte) gopacket.Payload { return b } // the second word of an ICMPv6 error
	// What errors are about: a datagram that the host has sent, or the server.
	sent4, sent6 := build(t, ip4(host4, server4, 17), udp(), text), build(t, ip6(host6, server6, 17), udp(), text)
	got4, got6 := build(t, ip4(server4, host4, 17), udp(), text), build(t, ip6(server6, host6, 17), udp(), text)
	pkt := func(b []byte) gopacket.Payload { return b }

	for name, c := range map[string]struct{ four, six []byte }{
		"UDP":  {sent4, sent6},
		"back": {got4, got6},
		"TCP":  {build(t, ip4(host4, server4, 6), tcp(), text), build(t, ip6(host6, server6, 6), tcp(), text)},
		"echo": {
			build(t, ip4(host4, server4, 1), icmp4(8, 0, 5, 6), text),
			build(t, ip6(host6, server6, 58), icmp6(128, 0), echo(5, 6), text),
		},
		"echo reply": {
			build(t, ip4(server4, host4, 1), icmp4(0, 0, 5, 6), text),
			build(t, ip6(server6, host6, 58), icmp6(129, 0), echo(5, 6), text),
		},
		"port unreachable": {
			build(t, ip4(server4, host4, 1), icmp4(3, 3, 0, 0), pkt(sent4)),
			build(t, ip6(server6, host6, 58), icmp6(1, 4), rest(0, 0, 0, 0), pkt(sent6)),
		},
		"host unreachable": {
			build(t, ip4(server4, host4, 1), icmp4(3, 1, 0, 0), pkt(sent4)),
			build(t, ip6(server6, host6, 58), icmp6(1, 0), rest(0, 0, 0, 0), pkt(sent6)),
		},
		"time exceeded": {
			build(t, ip4(server4, host4, 1), icmp4(11, 0, 0, 0), pkt(sent4)),
			build(t, ip6(server6, host6, 58), icmp6(3, 0), rest(0, 0, 0, 0), pkt(sent6)),
		},
		"fragmentation needed": {
			build(t, ip4(host4, server4, 1), icmp4(3, 4, 0, 1380), pkt(got4)),
			build(t, ip6(host6, server6, 58), icmp6(2, 0), rest(0, 0, 5, 120), pkt(got6)), // 1400
		},
		"protocol unreachable": {
			build(t, ip4(server4, host4, 1), icmp4(3, 2, 0, 0), pkt(sent4)),
			build(t, ip6(server6, host6, 58), icmp6(4, 1), rest(0, 0, 0, 6), pkt(sent6)),
		},
		"bad protocol": {
			build(t, ip4(server4, host4, 1), icmp4(12, 0, 9<<8, 0), pkt(sent4)),
			build(t, ip6(server6, host6, 58), icmp6(4, 0), rest(0, 0, 0, 6), pkt(sent6)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			six, err := siit.To6(c.four, addresses)
			if err != nil || !bytes.Equal(six, c.six) {
				t.Errorf("to IPv6:\n%x, want\n%x (error: %v)", six, c.six, err)
			}
			if four, err := siit.To4(c.six, addresses, 0); err != nil || !bytes.Equal(four, c.four) {
				t.Errorf("to IPv4:\n%x, want\n%x (error: %v)", four, c.four, err)
			}
		})
	}
}

func TestFragmentsStayFragments(t *testing.T) {
	whole := build(t, ip6(host6, server6, 17), &layers.UDP{SrcPort: 1, DstPort: 2}, gopacket.Payload(make([]byte, 100)))
	payload := whole[40:]
	var seen []byte
	for i, part := range [][]byte{payload[:64], payload[64:]} {
		header := []byte{17, 0, 0, 1, 0, 0, 0, 9} // the first one of more
		if i == 1 {
			header = []byte{17, 0, 0, 64, 0, 0, 0, 9}
		}
		six := build(t, ip6(host6, server6, 44), gopacket.Payload(append(header, part...)))
		four, err := siit.To4(six, addresses, 1)
		if err != nil {
			t.Fatal(err)
		}
		p := gopacket.NewPacket(four, layers.LayerTypeIPv4, gopacket.Default).NetworkLayer().(*layers.IPv4)
		if more := i == 0; p.Id != 9 || p.FragOffset != uint16(i*8) || (p.Flags&layers.IPv4MoreFragments != 0) != more {
			t.Errorf("fragment %d is number %d at %d, flags %v", i, p.Id, p.FragOffset, p.Flags)
		}
		seen = append(seen, four[20:]...)
		if back, err := siit.To6(four, addresses); err != nil || !bytes.Equal(back, six) {
			t.Errorf("back again: %x, want %x (error: %v)", back, six, err)
		}
	}
	if want := build(t, ip4(host4, server4, 17), &layers.UDP{SrcPort: 1, DstPort: 2}, gopacket.Payload(make([]byte, 100)))[20:]; !bytes.Equal(seen, want) {
		t.Errorf("the fragments are %x together, want %x", seen, want)
	}
}

func TestLargePacketsAreNotToBeFragmented(t *testing.T) {
	for size, whole := range map[int]bool{1232: false, 1233: true} { // with 8 bytes of UDP and 20 of IPv4
		six := build(t, ip6(host6, server6, 17), &layers.UDP{}, gopacket.Payload(make([]byte, size)))
		four, err := siit.To4(six, addresses, 77)
		if err != nil {
			t.Fatal(err)
		}
		p := gopacket.NewPacket(four, layers.LayerTypeIPv4, gopacket.Default).NetworkLayer().(*layers.IPv4)
		if p.Flags&layers.IPv4DontFragment != 0 != whole || p.Id != 77 {
			t.Errorf("%d bytes have the flags %v and number %d", size, p.Flags, p.Id)
		}
	}
}

func TestChecksumThatIPv6HasToHave(t *testing.T) {
	four := build(t, ip4(server4, host4, 17), &layers.UDP{SrcPort: 1, DstPort: 2}, gopacket.Payload("text"))
	six := build(t, ip6(server6, host6, 17), &layers.UDP{SrcPort: 1, DstPort: 2}, gopacket.Payload("text"))
	four[26], four[27] = 0, 0
	if got, err := siit.To6(four, addresses); err != nil || !bytes.Equal(got, six) {
		t.Errorf("%x, want %x (error: %v)", got, six, err)
	}
}

func TestWhatHasNoMeaningIsAnError(t *testing.T) {
	stranger := netip.MustParseAddr("2001:db8::8")
	for name, six := range map[string][]byte{
		"stranger":           build(t, ip6(stranger, server6, 17), &layers.UDP{}),
		"neighbour":          build(t, ip6(host6, server6, 58), &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(135, 0)}, gopacket.Payload(make([]byte, 20))),
		"ICMP of IPv4":       build(t, ip6(host6, server6, 1), gopacket.Payload(make([]byte, 8))),
		"way to go":          build(t, ip6(host6, server6, 43), gopacket.Payload{17, 0, 0, 1, 0, 0, 0, 0}),
		"UDP, no checksum":   build(t, ip6(host6, server6, 17), gopacket.Payload(make([]byte, 8))),
		"cut off":            build(t, ip6(host6, server6, 17), &layers.UDP{})[:45],
		"nothing":            nil,
		"another version":    make([]byte, 60),
		"endless extensions": build(t, ip6(host6, server6, 0), gopacket.Payload{0, 0, 0, 0, 0, 0, 0, 0}),
	} {
		if _, err := siit.To4(six, addresses, 0); !errors.Is(err, siit.ErrUntranslatable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzTranslate(f *testing.F) {
	f.Add(build(f, ip6(host6, server6, 17), &layers.UDP{}, gopacket.Payload("text")))
	f.Add(build(f, ip4(host4, server4, 6), &layers.TCP{}, gopacket.Payload("text")))
	f.Add(build(f, ip4(server4, host4, 1), &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(3, 3)}, gopacket.Payload(build(f, ip4(host4, server4, 17), &layers.UDP{}))))
	f.Add(build(f, ip6(host6, server6, 44), gopacket.Payload{17, 0, 0, 1, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8}))
	any := func(a netip.Addr) (netip.Addr, bool) {
		if other, known := addresses(a); known {
			return other, known
		}
		if a.Is4() {
			return host6, true
		}
		return host4, true
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		if four, err := siit.To4(data, any, 1); err == nil {
			if _, err := siit.To6(four, any); err != nil && !errors.Is(err, siit.ErrUntranslatable) {
				t.Errorf("%x: %v", four, err)
			}
		}
		if six, err := siit.To6(data, any); err == nil {
			if _, err := siit.To4(six, any, 1); err != nil && !errors.Is(err, siit.ErrUntranslatable) {
				t.Errorf("%x: %v", six, err)
			}
		}
		if !bytes.Equal(data, before) {
			t.Errorf("the packet is changed")
		}
	})
}
