// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"github.com/google/nftables"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Nftables opens a connection to nftables in the fixture's network namespace, for rules that the test makes.
// [Fixture.Nft] shows them, and the log of a test that fails has the values of their counters. It may be used
// from anywhere, by one goroutine at a time, and is closed when the test ends. On a machine without nftables
// the test is skipped, see [RequireFeatures].
func (f *Fixture) Nftables() *nftables.Conn {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	in.needNet(tb)
	RequireFeatures(tb, "nftables")
	var conn *nftables.Conn
	err := inside.DoIn(in.Set, set.NS_NET, func() (err error) {
		conn, err = nftables.New(nftables.AsLasting()) // any other one opens a socket wherever it is used
		return err
	})
	if err != nil {
		tb.Fatalf("nstest: %s: open nftables: %v", in.Name, err)
	}
	in.closeAtEnd(tb, nftablesCloser{conn})
	return conn
}

type nftablesCloser struct{ *nftables.Conn }

func (c nftablesCloser) Close() error { return c.CloseLasting() }
