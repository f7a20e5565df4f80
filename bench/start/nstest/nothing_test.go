// SPDX-License-Identifier: Apache-2.0

// Package nstest is a test binary with nstest, and with a test that needs nothing of it.
package nstest

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
)

func TestMain(m *testing.M) { nstest.Main(m) }

func TestNothing(*testing.T) {}
