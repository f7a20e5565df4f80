// SPDX-License-Identifier: Apache-2.0

package trace_test

import (
	"os"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/tempdir"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"go.uber.org/goleak"
)

// suite is set in a process whose tests are looked at from outside, and fail on purpose.
const suite = "NSTEST_TRACE_SUITE"

func TestMain(m *testing.M) {
	if os.Getenv(suite) != "" { // whoever starts it has made the folder
		goleak.VerifyTestMain(&nstest.M{M: m})
		return
	}
	tests := nstest.RunFunc(func() int { return tempdir.Run(m.Run) })
	goleak.VerifyTestMain(&nstest.M{M: tests})
}
