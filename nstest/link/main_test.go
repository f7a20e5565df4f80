// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(&nstest.M{M: m}) }

// newHost makes a fixture for one end of a link.
func newHost(t *testing.T, name string) *nstest.Fixture {
	t.Helper()
	return nstest.New(t, gonso.NS_NET, nstest.Named(name))
}
