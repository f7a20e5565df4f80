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
		MatchRegexp(`(?m)^thread \d+: uts:\[\d+\] instead of uts:\[\d+\] \(moved at suite_test\.go:\d+ in rootless\.TestLeak\.func1\)$`),
		MatchRegexp(`namespace uts:\[\d+\], held by .*descriptor`),
		MatchRegexp(`(?m)^descriptor \d+: uts:\[\d+\] \(a Set made at suite_test\.go:\d+ in rootless\.keep, called at suite_test\.go:\d+ in rootless\.TestLeak\)$`),
		MatchRegexp(`(?m)^process \d+ \(sleep\): \["sleep" "1000"\] \(a Cmd started at suite_test\.go:\d+ in rootless\.TestLeak\)$`),
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
