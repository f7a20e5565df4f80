// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"net"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// agrees makes sure that a matcher succeeds, and returns what it would say if it
// should not have.
func agrees(t *testing.T, actual any, matcher types.GomegaMatcher) string {
	t.Helper()
	success, err := matcher.Match(actual)
	if err != nil {
		t.Fatal(err)
	}
	if !success {
		t.Fatalf("unexpected failure: %s", matcher.FailureMessage(actual))
	}
	return matcher.NegatedFailureMessage(actual)
}

// disagrees makes sure that a matcher fails, and returns what it says.
func disagrees(t *testing.T, actual any, matcher types.GomegaMatcher) string {
	t.Helper()
	success, err := matcher.Match(actual)
	if err != nil {
		t.Fatal(err)
	}
	if success {
		t.Fatalf("unexpected success: %s", matcher.NegatedFailureMessage(actual))
	}
	return matcher.FailureMessage(actual)
}

// refuses makes sure that a matcher cannot judge, and returns why.
func refuses(t *testing.T, actual any, matcher types.GomegaMatcher) string {
	t.Helper()
	success, err := matcher.Match(actual)
	if err == nil {
		t.Fatalf("no error, but %v", success)
	}
	if success {
		t.Fatalf("success and an error: %v", err)
	}
	return err.Error()
}

// idOf returns an ID as part of an expected message.
func idOf(t *testing.T, s set.Set, kind int) string {
	t.Helper()
	id, err := s.ID(kind)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// cable joins two hosts, and gives each an address on its eth0. The addresses are
// those of RFC 5737 and RFC 3849.
func cable(t *testing.T, a, b *nstest.Fixture) {
	t.Helper()
	g := NewWithT(t)
	fds, err := b.Set().Fds(set.NS_NET)
	g.Expect(err).NotTo(HaveOccurred())
	defer fds.Close()
	g.Expect(a.Netlink().LinkAdd(&netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: "eth0", MTU: 1400},
		PeerName:      "eth0",
		PeerNamespace: netlink.NsFd(fds.Get(set.NS_NET).Fd()),
	})).To(Succeed())
	for _, end := range []struct {
		host        *nstest.Fixture
		v4, v6, mac string
	}{
		{a, "192.0.2.1/24", "2001:db8::1/64", "02:00:00:00:00:01"},
		{b, "192.0.2.2/24", "2001:db8::2/64", "02:00:00:00:00:02"},
	} {
		nl := end.host.Netlink()
		eth0, err := nl.LinkByName("eth0")
		g.Expect(err).NotTo(HaveOccurred())
		mac, err := net.ParseMAC(end.mac)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(nl.LinkSetHardwareAddr(eth0, mac)).To(Succeed())
		g.Expect(nl.LinkSetUp(eth0)).To(Succeed())
		end.host.AddAddress("eth0", end.v4)
		end.host.AddAddress("eth0", end.v6)
	}
	for _, host := range []*nstest.Fixture{a, b} {
		// The kernel may look only once a second what has become of links.
		g.Eventually(host, "10s").Should(nstest.HaveLink("eth0", nstest.BeUp()))
	}
}
