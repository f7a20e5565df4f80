// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"testing"

	"github.com/gopacket/gopacket/layers"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A machine with too much to do loses frames (net.core.netdev_max_backlog). Here it is the first of each kind.
func TestReachSurvivesFramesThatAreLost(t *testing.T) {
	g := NewWithT(t)
	client, server := nstest.New(t, set.NS_NET), nstest.New(t, set.NS_NET)
	w := wire.Join(t, client, server)
	client.AddAddress("eth0", "192.0.2.1/24")
	server.AddAddress("eth0", "192.0.2.2/24")
	w.Filter(func(f *wire.Frame) wire.Verdict {
		if f.From == client && f.ARP() != nil && w.Seen(f) == 1 {
			return wire.Drop
		}
		icmp := f.ICMPv4()
		if icmp != nil && icmp.TypeCode.Type() == layers.ICMPv4TypeEchoRequest && w.Seen(f) <= 5 { // some have waited for the address
			return wire.Drop
		}
		return wire.Pass
	})
	g.Expect(client).To(nstest.Reach("192.0.2.2"))
}
