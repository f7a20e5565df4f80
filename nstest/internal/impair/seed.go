// SPDX-License-Identifier: Apache-2.0

package impair

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
)

// SeedVariable is the environment variable that a seed is taken from.
const SeedVariable = "NSTEST_SEED"

// Seed returns the seed of a test that sets none: that of the environment, so that a run can be repeated, or
// any.
func Seed() (uint64, error) {
	text := os.Getenv(SeedVariable)
	if text == "" {
		return rand.Uint64(), nil
	}
	seed, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("the environment variable %s is %q; a seed is a whole number of 64 bits, such as 17185236 or 0x2a: %w", SeedVariable, text, err)
	}
	return seed, nil
}
