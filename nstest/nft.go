// SPDX-License-Identifier: Apache-2.0

package nstest

import "github.com/seed-1bc5c4a2/gonso/nstest/internal/state"

// Nft returns the ruleset of nftables in the fixture's network namespace, in the language of nft(8): tables,
// chains and rules, or an empty text if there are none. It does not need the program nft. Elements of named
// sets are left out, and parts of rules that it does not know are in angle brackets. [HaveRuleset] compares it.
// On a machine without nftables the test is skipped, see [Require].
func (f *Fixture) Nft() string {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	in.needNet(tb)
	RequireFeatures(tb, "nftables")
	text, err := state.Ruleset(in.Set)
	if err != nil {
		tb.Fatalf("nstest: %s: read the ruleset of nftables: %v", in.Name, err)
	}
	return text
}
