// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/set"
)

func TestWhetherARouterForwardsIsFound(t *testing.T) {
	g := NewWithT(t)
	host, router := nstest.New(t, set.NS_NET), nstest.New(t, set.NS_NET)
	for _, name := range []string{"lan", "wan"} {
		link.Veth(t, host, router, link.Name(name))
	}
	router.AddAddress("lan", "192.0.2.1/24")
	router.AddAddress("wan", "2001:db8::1/64")
	host.AddAddress("lan", "192.0.2.2/24")
	found := func(f *nstest.Fixture) (list []string) {
		for _, c := range state.Read(state.Subject{Set: f.Set()}, time.Minute).Finds() {
			if c.Section == "forwarding" {
				list = append(list, c.Text)
			}
		}
		return list
	}
	router.SetSysctl("net.ipv4.ip_forward", "0")
	g.Expect(found(router)).To(Equal([]string{"IPv4 off", "IPv6 off"}))
	router.SetSysctl("net.ipv4.ip_forward", "1")
	g.Expect(found(router)).To(Equal([]string{"IPv4 on", "IPv6 off"}))
	router.SetSysctl("net.ipv6.conf.all.forwarding", "1")
	g.Expect(found(router)).To(Equal([]string{"IPv4 on", "IPv6 on"}))
	g.Expect(found(host)).To(BeEmpty(), "of what has a single link with an address nobody expects it")
}
