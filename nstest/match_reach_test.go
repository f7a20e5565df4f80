// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// soon is for an answer that will not come.
const soon = 50 * time.Millisecond

// listen opens a TCP socket in the fixture, which the kernel answers for.
func listen(t *testing.T, ns *nstest.Fixture, address string) net.Listener {
	t.Helper()
	g := NewWithT(t)
	var l net.Listener
	ns.Do(func() {
		var err error
		l, err = net.Listen("tcp", address)
		g.Expect(err).NotTo(HaveOccurred())
	})
	return l
}

func TestReachByTCP(t *testing.T) {
	g := NewWithT(t)
	client, server := nstest.New(t, set.NS_NET), nstest.New(t, set.NS_NET)
	cable(t, client, server)
	shown := fmt.Sprintf("<set.Set>: Set(%s)", client.ID(set.NS_NET))
	for _, address := range []string{"192.0.2.2:0", "[2001:db8::2]:0"} {
		l := listen(t, server, address)
		to := l.Addr().String()
		g.Eventually(client).Should(nstest.Reach(to))
		g.Expect(agrees(t, client.Set(), nstest.Reach(to))).To(Equal(`Expected
    ` + shown + `
not to reach ` + to + `
but it answered`))
		g.Expect(l.Close()).To(Succeed())
		g.Expect(disagrees(t, client.Set(), nstest.Reach(to))).To(Equal(`Expected
    ` + shown + `
to reach ` + to + `
but
    dial tcp ` + to + `: connect: connection refused`))
	}
	g.Expect(disagrees(t, client.Set(), nstest.ReachWithin(soon, "192.0.2.9:80"))).To(HaveSuffix(
		"\nbut\n    dial tcp 192.0.2.9:80: i/o timeout"))
	g.Expect(disagrees(t, client.Set(), nstest.Reach("198.51.100.1:80"))).To(HaveSuffix(
		"\nbut\n    dial tcp 198.51.100.1:80: connect: network is unreachable"))
}

func TestReachByPing(t *testing.T) {
	g := NewWithT(t)
	client, server := nstest.New(t, set.NS_NET), nstest.New(t, set.NS_NET)
	cable(t, client, server)
	shown := fmt.Sprintf("<set.Set>: Set(%s)", client.ID(set.NS_NET))
	for _, to := range []string{"192.0.2.2", "2001:db8::2", "127.0.0.1", "::1", "::ffff:192.0.2.2"} {
		g.Eventually(client).Should(nstest.Reach(to))
	}
	g.Expect(agrees(t, client.Set(), nstest.Reach("192.0.2.2"))).To(Equal(`Expected
    ` + shown + `
not to reach 192.0.2.2
but it answered`))
	for _, to := range []string{"192.0.2.9", "2001:db8::9"} {
		g.Expect(disagrees(t, client.Set(), nstest.ReachWithin(soon, to))).To(Equal(`Expected
    ` + shown + `
to reach ` + to + `
but
    no reply to an echo request from ` + to))
	}
	g.Expect(disagrees(t, client.Set(), nstest.Reach("198.51.100.1"))).To(HaveSuffix("sendto: network is unreachable"))
}

// Package net keeps a table of the interfaces of whichever namespace it asked
// last, in which eth0 had the number of another host's.
func TestReachOverALinkOfThatHost(t *testing.T) {
	g := NewWithT(t)
	client, server := nstest.New(t, set.NS_NET), nstest.New(t, set.NS_NET)
	cable(t, nstest.New(t, set.NS_NET), server) // the number of server's eth0 will be another
	nl := server.Netlink()
	eth0, err := nl.LinkByName("eth0")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(nl.LinkSetDown(eth0)).To(Succeed()) // before Linux 6.2 a link that is up keeps its name
	g.Expect(nl.LinkSetName(eth0, "eth1")).To(Succeed())
	cable(t, server, client)
	g.Eventually(client).Should(nstest.Reach("fe80::ff:fe00:1%eth0"))
	g.Eventually(server).Should(nstest.Reach("fe80::ff:fe00:2%eth0"))
	l := listen(t, server, "[::]:0")
	defer l.Close()
	to := fmt.Sprintf("[fe80::ff:fe00:1%%eth0]:%d", l.Addr().(*net.TCPAddr).Port)
	g.Eventually(client).Should(nstest.Reach(to))
	g.Expect(disagrees(t, client.Set(), nstest.Reach("fe80::1%eth7"))).To(HaveSuffix(
		"\nbut\n    interface eth7: route ip+net: no such network interface"))
}

func TestReachWaitsUnderEventually(t *testing.T) {
	g := NewWithT(t)
	client, server := nstest.New(t, set.NS_NET), nstest.New(t, set.NS_NET)
	cable(t, client, server)
	nl := server.Netlink()
	eth0, err := nl.LinkByName("eth0")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(nl.LinkSetDown(eth0)).To(Succeed())
	tries := 0
	g.Eventually(func() *nstest.Fixture {
		if tries++; tries == 2 {
			g.Expect(nl.LinkSetUp(eth0)).To(Succeed())
		}
		return client
	}).WithTimeout(10 * time.Second).Should(nstest.ReachWithin(soon, "192.0.2.2"))
	g.Expect(tries).To(BeNumerically(">", 1))
}

func TestReachSaysWhatItTakes(t *testing.T) {
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_NET)
	for _, wrong := range []string{"", "localhost:80", "192.0.2.1:0", "2001:db8::1:", "192.0.2.1/24"} {
		g.Expect(refuses(t, ns, nstest.Reach(wrong))).To(Equal(
			"Reach matcher expects an address such as 192.0.2.1:80 or [2001:db8::1]:80, or 192.0.2.1 to ping it.  Got:\n    <string>: " + wrong))
	}
	for _, wrong := range []time.Duration{0, -1} {
		g.Expect(refuses(t, ns, nstest.ReachWithin(wrong, "127.0.0.1"))).To(HavePrefix(
			"ReachWithin matcher expects a time to wait.  Got:\n    <time.Duration>: "))
	}
}
