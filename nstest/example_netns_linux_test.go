// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"testing"

	"github.com/google/nftables"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Packages that open a namespace by a descriptor take the fixture's.
func ExampleFixture_NetNS() {
	_ = func(t *testing.T) {
		ns := nstest.New(t, set.NS_NET)
		conn, err := nftables.New(nftables.WithNetNSFd(ns.NetNS()))
		if err != nil {
			t.Fatal(err)
		}
		conn.AddTable(&nftables.Table{Name: "filter", Family: nftables.TableFamilyINet})
	}
}

// Programs that go by the name of a network namespace find it in the fixture.
func ExampleNamedNetNS() {
	_ = func(t *testing.T) {
		router := nstest.NamedNetNS(t, "router")
		routes, err := router.Command("ip", "-netns", "router", "route").Output()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s", routes)
	}
}

// A router forwards.
func ExampleFixture_SetSysctl() {
	_ = func(t *testing.T) {
		router := nstest.New(t, set.NS_NET)
		router.SetSysctl("net.ipv4.ip_forward", "1")
		NewWithT(t).Expect(router.Sysctl("net.ipv4.conf.lo.forwarding")).To(Equal("1"))
	}
}
