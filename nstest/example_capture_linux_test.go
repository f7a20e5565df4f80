// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A test waits for a packet, and looks at what there was.
func ExampleFixture_Capture() {
	_ = func(t *testing.T) {
		g := NewWithT(t)
		client, server := nstest.New(t, set.NS_NET), nstest.New(t, set.NS_NET)
		link.Veth(t, client, server, link.Address("192.0.2.1/24"), link.Peer(link.Address("192.0.2.2/24")))
		capture := server.Capture(t, func(p *nstest.Packet) bool { return !p.Outgoing })

		if err := client.Command("ping", "-c1", "192.0.2.2").Run(); err != nil {
			t.Error(err)
		}
		g.Eventually(capture).Should(Receive(ContainSubstring("ICMP echo request")))
		for p := range capture.All() {
			t.Log(p) // such as: eth0 in, ARP reply 192.0.2.1 > 192.0.2.2, 42 bytes
		}
		g.Expect(capture.Lost()).To(BeZero())
	}
}
