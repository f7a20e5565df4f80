// SPDX-License-Identifier: Apache-2.0

package packets_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(&nstest.M{M: m}) }
