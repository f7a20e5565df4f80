// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(&nstest.M{M: m}) }

// joined makes two fixtures that a wire joins, with addresses that end in 1 and 2.
func joined(t *testing.T, opts ...wire.Option) (w *wire.Wire, a, b *nstest.Fixture) {
	t.Helper()
	a, b = nstest.New(t, gonso.NS_NET, nstest.Named("a")), nstest.New(t, gonso.NS_NET, nstest.Named("b"))
	w = wire.Join(t, a, b, opts...)
	a.AddAddress("eth0", "192.0.2.1/24")
	b.AddAddress("eth0", "192.0.2.2/24")
	a.AddAddress("eth0", "2001:db8::1/64")
	b.AddAddress("eth0", "2001:db8::2/64")
	return w, a, b
}
