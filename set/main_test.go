// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/selfexec"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	selfexec.Main()
	goleak.VerifyTestMain(&nstest.M{M: m})
}
