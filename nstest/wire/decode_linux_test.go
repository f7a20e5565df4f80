// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"encoding/hex"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
)

func TestAPacketThatWasCapturedIsDecoded(t *testing.T) {
	g := NewWithT(t)
	_, a, b := joined(t)
	capture := a.Capture(t, nil)
	send(t, a, b, "192.0.2.2", "over the wire")
	var texts []string
	for p := range capture.All() {
		if frame := wire.Decode(p); frame.TCP() != nil && p.Outgoing && len(frame.Payload()) > 0 {
			texts = append(texts, string(frame.Payload()))
			g.Expect(frame.String()).To(MatchRegexp(`^TCP PSH ACK 192\.0\.2\.1:\d+ > 192\.0\.2\.2:\d+, 79 bytes$`))
			g.Expect(p.Summary()).To(Equal(frame.Summary()), "nstest and gopacket read the same")
		}
	}
	g.Expect(texts).To(Equal([]string{"over the wire"}))
}

func TestAPacketWithoutEthernetIsDecoded(t *testing.T) {
	g := NewWithT(t)
	for text, summary := range map[string]string{
		"4500001e000000004011f6ca" + "c0000201c0000202" + "04000035000a0000" + "6869":                                         "UDP 192.0.2.1:1024 > 192.0.2.2:53",
		"60000000000a1140" + "20010db8000000000000000000000001" + "20010db8000000000000000000000002" + "04000035000a00006869": "UDP [2001:db8::1]:1024 > [2001:db8::2]:53",
	} {
		data, err := hex.DecodeString(text)
		g.Expect(err).NotTo(HaveOccurred())
		p := &nstest.Packet{Data: data, IP: true}
		g.Expect(wire.Decode(p).Summary()).To(Equal(summary))
		g.Expect(p.Summary()).To(Equal(summary))
	}
}
