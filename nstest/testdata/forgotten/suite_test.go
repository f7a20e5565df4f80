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
