// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
)

func TestCaptureHasWhatWasSentAndWhatHasArrived(t *testing.T) {
	var out bytes.Buffer
	var names []string
	t.Run("captured", func(t *testing.T) {
		w, a, b := joined(t)
		w.Capture(&out)
		names = []string{a.Name(), b.Name()}
		w.Filter(func(f *wire.Frame) wire.Verdict {
			switch string(f.Payload()) {
			case "lost":
				return wire.Drop
			case "twice":
				return wire.Pass.Times(2)
			}
			return wire.Pass
		})
		datagrams{t, w, a, b}.send("once", "lost", "twice")
	})
	options := pcapgo.DefaultNgReaderOptions
	options.WantMixedLinkType = false
	r, err := pcapgo.NewNgReader(&out, options)
	if err != nil {
		t.Fatal(err)
	}
	counts := make(map[string][2]int)
	for {
		data, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"once", "lost", "twice"} {
			if bytes.HasSuffix(data, []byte(text)) {
				n := counts[text]
				n[info.InterfaceIndex]++
				counts[text] = n
			}
		}
	}
	for text, want := range map[string][2]int{"once": {1, 1}, "lost": {1, 0}, "twice": {1, 2}} {
		if counts[text] != want {
			t.Errorf("%q was captured %d times at a and b, want %d", text, counts[text], want)
		}
	}
	for i, name := range names {
		if port, err := r.Interface(i); err != nil || port.Name != name {
			t.Errorf("interface %d is %q (%v), want %q", i, port.Name, err, name)
		}
	}
}

// The log of a test that fails has the frames that were sent last.
func TestFramesAreDescribed(t *testing.T) {
	w, a, b := joined(t)
	var list []string
	remove := w.Filter(func(f *wire.Frame) wire.Verdict {
		list = append(list, f.String())
		if f.Summary() != wire.Summary(f.Bytes()) {
			t.Errorf("%q is also %q", f.Summary(), wire.Summary(f.Bytes()))
		}
		return wire.Pass
	})
	send(t, a, b, "192.0.2.2", "text")
	send(t, b, a, "2001:db8::1", "text")
	datagrams{t, w, a, b}.send("text")
	remove()
	var all bytes.Buffer
	for _, text := range list {
		all.WriteString(text + "\n")
	}
	for _, want := range []string{
		`frame \d+, a to b, ARP request 192\.0\.2\.1 > 192\.0\.2\.2, 42 bytes`,
		`frame \d+, b to a, ARP reply 192\.0\.2\.2 > 192\.0\.2\.1, 42 bytes`,
		`frame \d+, a to b, TCP SYN 192\.0\.2\.1:\d+ > 192\.0\.2\.2:\d+, 74 bytes`,
		`frame \d+, b to a, TCP SYN ACK 192\.0\.2\.2:\d+ > 192\.0\.2\.1:\d+, 74 bytes`,
		`frame \d+, a to b, TCP FIN ACK 192\.0\.2\.1`,
		`frame \d+, b to a, TCP SYN \[2001:db8::2\]:\d+ > \[2001:db8::1\]:\d+, 94 bytes`,
		`frame \d+, b to a, ICMPv6 neighbour solicitation`,
		`frame \d+, a to b, UDP 192\.0\.2\.1:\d+ > 192\.0\.2\.2:\d+, 46 bytes`,
	} {
		if !regexp.MustCompile(want).Match(all.Bytes()) {
			t.Errorf("nothing like %q in\n%s", want, all.String())
		}
	}
	for frame, want := range map[string]string{
		string(testFrame(60, 0x81, 0, 0, 5, 0x12, 0x34)): "VLAN 5, type 0x1234 02:00:5e:00:53:01 > 02:00:5e:00:53:02",
		"short": "no Ethernet frame",
		"":      "no Ethernet frame",
	} {
		if got := wire.Summary([]byte(frame)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
