// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestWhatTheTestsLeaveBehindFailsTheRun(t *testing.T) {
	g := NewWithT(t)
	out, code := run(t, rootless(t, "TestLeak"))
	g.Expect(code).To(Equal(1), out)
	g.Expect(out).To(SatisfyAll(
		ContainSubstring("nstest: the tests left behind"),
		MatchRegexp(`thread \d+ .*: uts:\[\d+\] instead of uts:`),
		MatchRegexp(`namespace uts:\[\d+\], held by .*descriptor`),
		MatchRegexp(`descriptor \d+: /dev/zero`),
		MatchRegexp(`process \d+ \(cat\)`),
		MatchRegexp(`mount \d+ at /run/lock`),
	))
}

func TestNoLeakCheckLetsThemBe(t *testing.T) {
	g := NewWithT(t)
	cmd := rootless(t, "TestLeak")
	cmd.Env = append(cmd.Env, "SUITE_NO_LEAK_CHECK=1")
	out, code := run(t, cmd)
	g.Expect(code).To(BeZero(), out)
}
