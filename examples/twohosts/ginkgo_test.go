// SPDX-License-Identifier: Apache-2.0

package twohosts_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/vishvananda/netlink"
)

func TestGinkgo(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "two hosts")
}

var _ = Describe("two hosts", func() {
	client, server := nstest.Each(gonso.NS_NET, nstest.Named("client")), nstest.Each(gonso.NS_NET, nstest.Named("server"))

	BeforeEach(func() { join(GinkgoTB(), client, server) })

	It("talk TCP over the route", func() {
		before := received(GinkgoTB(), server)
		Expect(echoOverTCP(GinkgoTB(), client, server, "hello")).To(Equal("hello"))
		Expect(received(GinkgoTB(), server)).To(BeNumerically(">=", before+4), "SYN, ACK, data, FIN")
	})

	It("answer a ping", func() {
		before := received(GinkgoTB(), client)
		Expect(ping(client, "are you there?")).To(Succeed())
		Expect(received(GinkgoTB(), client)).To(BeNumerically(">", before))
	})
})

var _ = Describe("a host of one's own", nstest.Inside(gonso.NS_NET), func() {
	BeforeEach(func() {
		// This, like the spec itself, runs inside.
		Expect(netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}})).To(Succeed())
	})

	for range 2 {
		It("is fresh for each spec", func() {
			links, err := netlink.LinkList()
			Expect(err).NotTo(HaveOccurred())
			Expect(links).To(HaveLen(2), "lo and br0")
		})
	}
})
