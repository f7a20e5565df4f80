// SPDX-License-Identifier: Apache-2.0

package impair_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

func TestLost(t *testing.T) {
	for value, want := range map[string]struct {
		test  string
		frame int
	}{
		"":                  {},
		"TestTLS:3":         {"TestTLS", 3},
		"TestTLS/at 12:7:1": {"TestTLS/at 12:7", 1},
	} {
		t.Setenv(impair.LoseVariable, value)
		test, frame, err := impair.Lost()
		g := NewWithT(t)
		g.Expect(err).NotTo(HaveOccurred(), value)
		g.Expect(test).To(Equal(want.test), value)
		g.Expect(frame).To(Equal(want.frame), value)
	}
	for _, value := range []string{"abc", ":1", "TestTLS", "TestTLS:", "TestTLS:0", "TestTLS:-1", "TestTLS:x", "3"} {
		t.Setenv(impair.LoseVariable, value)
		NewWithT(t).Expect(impair.Lost()).Error().To(MatchError(ContainSubstring(value)))
	}
}
