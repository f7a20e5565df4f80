// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"os"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/evidence"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/keep"
)

// strictVariable is the environment variable that says whether a test may be skipped.
const strictVariable = "NSTEST_STRICT"

// checkVariables returns what is wrong with those environment variables that nobody else has read before the first test:
// a word with a typo would go unseen in a run that passes. Those of rootless runs and of shards are read a moment later.
func checkVariables() error {
	_, seedErr := impair.Seed()
	_, _, loseErr := impair.Lost()
	return errors.Join(keep.Begin(), evidence.CheckVariables(), checkStrict(), seedErr, loseErr)
}

func checkStrict() error {
	switch value := os.Getenv(strictVariable); value {
	case "", "0", "1":
		return nil
	default:
		return fmt.Errorf("%s is %q: it is 1, which has tests fail that would be skipped, or 0, which skips them where the kernel should have what they lack, too", strictVariable, value)
	}
}
