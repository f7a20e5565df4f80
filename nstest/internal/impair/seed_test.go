// SPDX-License-Identifier: Apache-2.0

package impair_test

import (
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

func TestSeedIsThatOfTheEnvironment(t *testing.T) {
	t.Setenv(impair.SeedVariable, "0x2a")
	if seed, err := impair.Seed(); seed != 42 || err != nil {
		t.Errorf("%d, %v, want 42", seed, err)
	}
	t.Setenv(impair.SeedVariable, "many")
	if _, err := impair.Seed(); err == nil || !strings.Contains(err.Error(), "NSTEST_SEED") {
		t.Errorf("%v, which does not name the variable", err)
	}
	t.Setenv(impair.SeedVariable, "")
	a, errA := impair.Seed()
	b, errB := impair.Seed()
	if a == b || errA != nil || errB != nil {
		t.Errorf("two seeds are %d (%v) and %d (%v)", a, errA, b, errB)
	}
}
