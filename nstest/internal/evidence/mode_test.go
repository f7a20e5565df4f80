// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/evidence"
)

func TestAVariableThatNobodyHearsIsSaid(t *testing.T) {
	g := NewWithT(t)
	t.Setenv("NSTEST_PCAP", "")
	t.Setenv("NSTEST_TRACE", "")
	g.Expect(evidence.Unheard()).To(BeEmpty())
	t.Setenv("NSTEST_TRACE", "failed")
	g.Expect(evidence.Unheard()).To(Equal("nstest: NSTEST_TRACE is set, and these tests do not link what it needs; add to a _test.go file:\n" +
		"\timport _ \"github.com/seed-1bc5c4a2/gonso/nstest/trace\"\n"))
	evidence.Provide("NSTEST_TRACE")
	g.Expect(evidence.Unheard()).To(BeEmpty())
	t.Setenv("NSTEST_TRACE", "always")
	g.Expect(evidence.CheckVariables()).To(MatchError(`NSTEST_TRACE is "always": it is failed, for the tests that fail, or all`))
}
