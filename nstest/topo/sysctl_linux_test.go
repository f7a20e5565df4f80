// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

func TestSettingsOfANode(t *testing.T) {
	g := NewWithT(t)
	n := topo.New(t)
	a := n.Host("a", topo.Sysctl("net.ipv4.ip_default_ttl", "33"), topo.Sysctl("net.ipv6.conf.default.hop_limit", "44"))
	b := n.Host("b")
	n.Link(a, b)
	n.Up()
	g.Expect(a.Sysctl("net.ipv4.ip_default_ttl")).To(Equal("33"))
	g.Expect(a.Sysctl("net.ipv6.conf.eth0.hop_limit")).To(Equal("44"))
	g.Expect(b.Sysctl("net.ipv4.ip_default_ttl")).To(Equal("64"))
	text := failure.Text(t, func(tb testing.TB) { topo.New(tb).Host("c", topo.Sysctl("vm.swappiness", "1")) })
	g.Expect(text).To(ContainSubstring("nstest: c: set sysctl vm.swappiness"))
}
