// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"net"
	"testing"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

func TestRulesOfATestCount(t *testing.T) {
	g := NewWithT(t)
	f := nstest.New(t, set.NS_NET)
	conn := f.Nftables()
	table := conn.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: "mine"})
	chain := conn.AddChain(&nftables.Chain{Name: "input", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookInput, Priority: nftables.ChainPriorityFilter})
	conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{&expr.Counter{}, &expr.Verdict{Kind: expr.VerdictDrop}}})
	g.Expect(conn.Flush()).To(Succeed())

	socket := f.ListenPacket("udp", "127.0.0.1:0")
	_, err := socket.WriteTo([]byte("x"), &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9})
	g.Expect(err).NotTo(HaveOccurred())
	rules, err := conn.GetRules(table, chain)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(rules).To(HaveLen(1))
	g.Expect(rules[0].Exprs[0].(*expr.Counter).Packets).To(BeEquivalentTo(1))
	g.Expect(f.Nft()).To(ContainSubstring("counter"))

	text := failure.Text(t, func(tb testing.TB) { nstest.New(tb, set.NS_UTS, nstest.Named("u")).Nftables() })
	g.Expect(text).To(Equal("nstest: u: the fixture has no net namespace, only uts"))
}
