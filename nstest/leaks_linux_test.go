// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/leak"
)

func TestWhatTheTestsLeaveBehindFailsTheRun(t *testing.T) {
	t.Parallel()
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

// Where a test fails its reason is not to be lost among what it had no time to clean up.
func TestTheLeakCheckIsQuietAfterAFailure(t *testing.T) {
	g := NewWithT(t)
	out, code := run(t, rootless(t, "TestFailAfterLeaving"))
	g.Expect(code).To(Equal(1), out)
	g.Expect(out).To(ContainSubstring("the reason"))
	g.Expect(out).NotTo(ContainSubstring("left behind"))
}

// What stays on the machine is told after failures as well.
func TestWhatOutlivesARunIsNamedAfterAFailure(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out, code := run(t, rootless(t, "TestFailAfterLeavingAProcess"))
	g.Expect(code).To(Equal(1), out)
	g.Expect(out).To(SatisfyAll(
		ContainSubstring("the reason"),
		MatchRegexp(`(?m)^nstest: the tests failed, and left behind what outlives them \(nstest.NoLeakCheck\(\) .*:\nprocess \d+ \(cat\): \["cat"\]$`),
		Not(ContainSubstring("descriptor")),
	))
	out, code = run(t, rootless(t, "TestFailAfterLeavingAMount"))
	g.Expect(code).To(Equal(1), out)
	g.Expect(out).NotTo(ContainSubstring("left behind"), "the mount namespace ends with the run")

	out, code = run(t, rootless(t, "TestVerifyNoLeaksAfterAFailure"))
	g.Expect(code).To(Equal(1), out)
	g.Expect(out).To(MatchRegexp(`verified_test\.go:\d+: nstest: the test failed, and left behind what outlives it:\n\s+process \d+ \(cat\): \["cat"\]\n`))
	g.Expect(out).NotTo(ContainSubstring("descriptor"))
}

func TestVerifyNoLeaks(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out, code := run(t, rootless(t, "TestVerifyNoLeaks", "-test.v"))
	g.Expect(code).To(Equal(1), out)
	g.Expect(out).To(SatisfyAll(
		ContainSubstring("--- PASS: TestVerifyNoLeaks/clean"),
		ContainSubstring("--- FAIL: TestVerifyNoLeaks/leaks"),
		ContainSubstring("--- PASS: TestVerifyNoLeaks/ignored"),
		ContainSubstring("--- FAIL: TestVerifyNoLeaks/failed"),
		MatchRegexp(`verified_test\.go:\d+: nstest: the test left behind:\n\s+namespace uts:\[\d+\], held by .*\n\s+descriptor \d+: /dev/zero\n`+
			`\s+descriptor \d+: uts:\[\d+\] \(a Set made at suite_test\.go:\d+ in rootless\.keep, called at verified_test\.go:\d+ `),
	))
	g.Expect(strings.Count(out, "left behind")).To(Equal(1), out)
}

func TestNoLeakCheckLetsThemBe(t *testing.T) {
	g := NewWithT(t)
	cmd := rootless(t, "TestLeak")
	cmd.Env = append(cmd.Env, "SUITE_NO_LEAK_CHECK=1")
	out, code := run(t, cmd)
	g.Expect(code).To(BeZero(), out)
}

// Root's tests share a mount namespace with the whole machine.
func TestAMountThatOnlyTheTestsCanHaveMadeIsNamed(t *testing.T) {
	t.Parallel()
	watch, told := leak.WatchMounts()
	if !errors.Is(told, leak.ErrNotTold) {
		NewWithT(t).Expect(told).NotTo(HaveOccurred())
		NewWithT(t).Expect(watch.Close()).To(Succeed())
	}
	for name, c := range map[string]struct {
		code int
		text string
	}{
		"TestLeavesAMount":           {0, `nstest: the tests left behind .*\nmount \d+ at /mnt: / of left \(tmpfs\)\n`},
		"TestFailAfterLeavingAMount": {1, `nstest: the tests failed, and left behind what outlives them .*\nmount \d+ at /mnt: / of left \(tmpfs\)\n`},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			cmd := suite(t, rootlessSuite, "-test.run=^"+name+"$")
			cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS=off")
			cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS} // which is private
			out, code := run(t, cmd)
			if told != nil {
				g.Expect(code).To(Equal(c.code), out)
				return
			}
			g.Expect(code).To(Equal(1), out)
			g.Expect(out).To(MatchRegexp(c.text))
			g.Expect(out).NotTo(ContainSubstring("descriptor"))
		})
	}
}
