// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// Programs run in the fixture. What they write is in the log of the test, and they end with
// the test.
func ExampleFixture_Command() {
	_ = func(t *testing.T) {
		ns := nstest.New(t, set.NS_NET)
		if err := ns.Command("dnsmasq", "--no-daemon").Start(); err != nil {
			t.Fatal(err)
		}
		routes, err := ns.Command("ip", "-json", "route").Output()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s", routes)
	}
}

// Subtests share the namespaces of the fixture that they run in.
func ExampleFixture_Run() {
	_ = func(t *testing.T) {
		ns := nstest.New(t, set.NS_NET|set.NS_MNT)
		for _, file := range []string{"a.nft", "b.nft"} {
			ns.Run(t, file, func(t *testing.T) {
				rules, err := os.ReadFile("testdata/" + file)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%s", rules)
			})
		}
	}
}

// A fuzz test makes one fixture for all inputs.
func ExampleFixture_For() {
	_ = func(f *testing.F) {
		ns := nstest.New(f, set.NS_NET)
		f.Fuzz(func(t *testing.T, address string) {
			l := ns.For(t).Listen("tcp", "127.0.0.1:80") // closed when this input is done
			t.Log(l.Addr(), address)
		})
	}
}

// A function that a test inside calls needs to be told nothing but the test.
func ExampleHere() {
	bridge := func(tb testing.TB, name string) {
		tb.Helper()
		link := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: name}}
		if err := nstest.Here(tb).Netlink().LinkAdd(link); err != nil {
			tb.Fatal(err)
		}
	}
	_ = func(t *testing.T) {
		nstest.Run(t, "bridge", set.NS_NET, func(t *testing.T) { bridge(t, "br0") })
	}
}

// In Ginkgo, it is the Set of Inside.
func ExampleHere_ginkgo() {
	_ = func() bool {
		return Describe("router", nstest.Inside(set.NS_NET), func() {
			BeforeEach(func() { nstest.Here(GinkgoTB()).AddAddress("lo", "192.0.2.1/32") })
			It("has an address", func() {
				Expect(nstest.Here(GinkgoTB())).To(nstest.HaveAddress("192.0.2.1/32"))
			})
		})
	}
}
