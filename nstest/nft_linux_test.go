// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

const ruleset = `
table inet filter {
	chain input {
		type filter hook input priority filter + 10; policy drop;
		iifname "lo" accept
		tcp dport 80 counter accept comment "the web; and more"
	}
	chain other { }
}
table nat {
	chain out { type nat hook postrouting priority srcnat; masquerade; }
}
`

// ruled returns a fixture with that ruleset.
func ruled(t *testing.T) *nstest.Fixture {
	t.Helper()
	need.Tool(t, "nft", "nftables")
	nstest.RequireFeatures(t, "nftables")
	ns := nstest.New(t, set.NS_NET)
	cmd := ns.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(ruleset)
	NewWithT(t).Expect(cmd.Run()).To(Succeed())
	return ns
}

func TestNftIsTheRuleset(t *testing.T) {
	g := NewWithT(t)
	ns := ruled(t)
	g.Expect(nstest.New(t, set.NS_NET).Nft()).To(BeEmpty())
	text := ns.Nft()
	g.Expect(text).To(ContainSubstring("\tchain input {\n\t\ttype filter hook input priority 10; policy drop;\n"))
	g.Expect(text).To(nstest.HaveRuleset(ruleset))
	listed, err := ns.Command("nft", "-a", "list", "ruleset").Output() // with handles
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(listed)).To(nstest.HaveRuleset(text))

	again := nstest.New(t, set.NS_NET) // where it is loaded
	cmd := again.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(text)
	g.Expect(cmd.Run()).To(Succeed(), text)
	g.Expect(again).To(nstest.HaveRuleset(ruleset))

	told := failure.Text(t, func(tb testing.TB) { nstest.New(tb, set.NS_UTS).Nft() })
	g.Expect(told).To(ContainSubstring("the fixture has no net namespace, only uts"))
}

func TestHaveRuleset(t *testing.T) {
	g := NewWithT(t)
	ns := ruled(t)
	agrees(t, ns, nstest.HaveRuleset(ruleset))
	agrees(t, ns.Set(), nstest.HaveRuleset(strings.ReplaceAll(strings.ReplaceAll(ruleset, "\t", " "), "counter", "counter packets 7 bytes 9")))
	agrees(t, "table t { chain c { tcp dport { 80,\n 443 } accept # handle 7\n } }", nstest.HaveRuleset("table ip t {\nchain c {\ntcp dport { 80, 443 } accept\n}\n}"))
	agrees(t, "table bridge t { chain c { type filter hook input priority -200; policy accept; }; }",
		nstest.HaveRuleset("table bridge t { chain c { type filter hook input priority filter; }; }"))
	for _, other := range []string{
		strings.Replace(ruleset, "dport 80", "dport 81", 1),
		strings.Replace(ruleset, "policy drop;", "", 1),
		strings.Replace(ruleset, "filter + 10", "filter", 1),
		strings.Replace(ruleset, "iifname \"lo\" accept\n", "", 1),
	} {
		disagrees(t, ns, nstest.HaveRuleset(other))
	}
	disagrees(t, "table t { chain c { tcp dport { 80, 443 } accept; } }", nstest.HaveRuleset("table t { chain c { tcp dport { 80; 443 } accept; } }"))
	disagrees(t, "table t { chain c { tcp dport { 80, 443 } accept; } }", nstest.HaveRuleset("table t { chain c { tcp dport { 443, 80 } accept; } }"))

	g.Expect(disagrees(t, "table ip a { chain c { accept; } }", nstest.HaveRuleset("table a { chain c { drop; accept; } }"))).To(Equal(`Expected
    <string>: table ip a { chain c { accept; } }
to have the ruleset
    table ip a {
      chain c {
        drop
        accept
      }
    }
It has
    table ip a {
      chain c {
        accept
      }
    }
The first difference is
    want: drop
    has:  accept`))
	g.Expect(agrees(t, "", nstest.HaveRuleset("\n"))).To(Equal("Expected\n    <string>: \nnot to have the ruleset\n    nothing"))
	g.Expect(refuses(t, 7, nstest.HaveRuleset(""))).To(Equal(
		"HaveRuleset matcher expects a ruleset, or a fixture or Set with a network namespace.  Got:\n    <int>: 7"))
	refuses(t, nstest.New(t, set.NS_UTS), nstest.HaveRuleset(""))
}

// The ruleset of a router is what it should be.
func ExampleFixture_Nft() {
	_ = func(t *testing.T) {
		router := nstest.New(t, set.NS_NET)
		NewWithT(t).Expect(router).To(nstest.HaveRuleset(`
			table ip nat {
				chain out {
					type nat hook postrouting priority srcnat
					oifname "wan" masquerade
				}
			}`))
		t.Log(router.Nft())
	}
}
