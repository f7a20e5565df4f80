// SPDX-License-Identifier: Apache-2.0

// Package forgotten is a suite whose author has forgotten to call nstest.Main.
package forgotten

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

func TestFixture(t *testing.T) { nstest.New(t, gonso.NS_NET) }

func TestRequire(t *testing.T) { nstest.Require(t, gonso.NS_NET) }

// TestEnterOnTheMainThread is run with GOMAXPROCS=1, where Go runs a new goroutine on the thread of the one that waits
// for it: that of the first subtests is the main one.
func TestEnterOnTheMainThread(t *testing.T) {
	ns := nstest.New(t, gonso.NS_UTS)
	for range 100 {
		ns.Run(t, "", func(*testing.T) {})
		t.Run("", func(*testing.T) {})
	}
}
