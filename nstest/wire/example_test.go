// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
)

var t *testing.T // of the test

// A client has to send the first SYN again.
func ExampleJoin() {
	client, server := nstest.New(t, gonso.NS_NET), nstest.New(t, gonso.NS_NET)
	w := wire.Join(t, client, server, wire.Delay(5*time.Millisecond))
	client.AddAddress("eth0", "192.0.2.1/24")
	server.AddAddress("eth0", "192.0.2.2/24")
	w.Filter(func(f *wire.Frame) wire.Verdict {
		if tcp := f.TCP(); tcp != nil && tcp.SYN && w.Seen(f) == 1 {
			return wire.Drop
		}
		return wire.Pass
	})
}

// What the server sends is slow and sometimes lost, what the client sends is not.
func ExampleFrom() {
	client, server := nstest.New(t, gonso.NS_NET), nstest.New(t, gonso.NS_NET)
	wire.Join(t, client, server, wire.From(server, wire.Rate(1_000_000), wire.Queue(20), wire.Loss(0.01)))
}

// The connection breaks in the middle of an upload, and comes back.
func ExampleWire_Set() {
	client, server := nstest.New(t, gonso.NS_NET), nstest.New(t, gonso.NS_NET)
	w := wire.Join(t, client, server)
	w.Set(wire.Loss(1))
	// The client is to notice.
	w.Set(wire.Loss(0))
}

// The second answer of a DNS server comes after the third one.
func ExampleVerdict_After() {
	client, server := nstest.New(t, gonso.NS_NET), nstest.New(t, gonso.NS_NET)
	w := wire.Join(t, client, server)
	w.Filter(func(f *wire.Frame) wire.Verdict {
		if dns := f.DNS(); dns != nil && dns.QR && w.Seen(f) == 2 {
			return wire.Pass.After(50 * time.Millisecond)
		}
		return wire.Pass
	})
}

// A proxy on the way changes what the server says.
func ExampleVerdict_With() {
	client, server := nstest.New(t, gonso.NS_NET), nstest.New(t, gonso.NS_NET)
	w := wire.Join(t, client, server)
	w.Filter(func(f *wire.Frame) wire.Verdict {
		udp, ip := f.UDP(), f.IPv4()
		if udp == nil || ip == nil || f.From != server {
			return wire.Pass
		}
		if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
			t.Error(err) // not t.Fatal, which is for the goroutine of the test
			return wire.Drop
		}
		changed := gopacket.Payload(bytes.ToUpper(f.Payload()))
		frame := gopacket.NewSerializeBuffer()
		options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
		if err := gopacket.SerializeLayers(frame, options, f.Ethernet(), ip, udp, changed); err != nil {
			t.Error(err)
			return wire.Drop
		}
		return wire.Pass.With(frame.Bytes())
	})
}

// The frames of a test that fails are kept for Wireshark ("go test -artifacts").
func ExampleWire_Capture() {
	out, err := os.Create(filepath.Join(t.ArtifactDir(), "wire.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // runs after the wire's own clean-up
		if err := out.Close(); err != nil {
			t.Error(err)
		}
	})
	client, server := nstest.New(t, gonso.NS_NET), nstest.New(t, gonso.NS_NET)
	wire.Join(t, client, server).Capture(out)
}
