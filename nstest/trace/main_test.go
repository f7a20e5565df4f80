// SPDX-License-Identifier: Apache-2.0

package trace_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"go.uber.org/goleak"
)

// suiteDir is removed after the tests.
var suiteDir string

func TestMain(m *testing.M) {
	tests := nstest.RunFunc(func() int {
		code := m.Run()
		if err := os.RemoveAll(suiteDir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return code
	})
	goleak.VerifyTestMain(&nstest.M{M: tests})
}
