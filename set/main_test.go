// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"go.uber.org/goleak"
)

// A test that needs the main goroutine of a process starts this binary with the name of
// an act, which has it. In a test run nstest.Main has.
const actVar = "GONSO_TEST_ACT"

var acts = map[string]func() error{}

func TestMain(m *testing.M) {
	if name := os.Getenv(actVar); name != "" {
		if err := acts[name](); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(&nstest.M{M: m})
}
