// SPDX-License-Identifier: Apache-2.0

package gonso_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"go.uber.org/goleak"
)

// With it, the examples run for ordinary users too.
func TestMain(m *testing.M) { goleak.VerifyTestMain(&nstest.M{M: m}) }
