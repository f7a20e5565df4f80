// SPDX-License-Identifier: Apache-2.0

package twohosts_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/vishvananda/netlink"
)

func TestGinkgo(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "two hosts")
}

var _ = Describe("two hosts", func() {
	var client, server *topo.Host

	BeforeEach(func() { client, server = joined(GinkgoTB()) })

	It("talk TCP", func() {
		before := received(server)
		Expect(echo(GinkgoTB(), client, server, "hello")).To(Equal("hello"))
		Expect(received(server)).To(BeNumerically(">=", before+4), "SYN, ACK, data, FIN")
	})

	It("answer a ping", func() {
		Expect(client).To(nstest.Reach(server.Addr6().String()))
	})
})

// received asks the kernel how many packets have come in over the cable.
func received(host *topo.Host) uint64 {
	return link.Find(GinkgoTB(), host.Fixture, "eth0").Stats().RxPackets
}

var _ = Describe("a host of one's own", nstest.Inside(gonso.NS_NET), func() {
	BeforeEach(func() {
		// This, like the spec itself, runs inside.
		Expect(netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}})).To(Succeed())
	})

	for range 2 {
		It("is fresh for each spec", func() {
			Expect(netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br1"}})).To(Succeed(), "no spec before has left one")
		})
	}
})
