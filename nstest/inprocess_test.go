// SPDX-License-Identifier: Apache-2.0

//go:build linux

package nstest_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

var inProcessSuite = sync.OnceValues(func() (string, error) { return build("inprocess") })

// play runs one test of the suite in testdata/inprocess, and returns its output
// without durations.
func play(t *testing.T, test string, args ...string) (string, int) {
	t.Helper()
	cmd := suite(t, inProcessSuite, append([]string{"-test.run=" + test, "-test.v"}, args...)...)
	cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS=auto")
	out, code := run(t, cmd)
	t.Log(out)
	return regexp.MustCompile(`\(\d+\.\d+s\)`).ReplaceAllString(out, "(t)"), code
}

// whole matches lines of the output, with their indentation.
func whole(lines ...string) OmegaMatcher {
	return ContainSubstring("\n" + strings.Join(lines, "\n") + "\n")
}

func TestInProcessPassesOnAPass(t *testing.T) {
	g := NewWithT(t)
	out, code := play(t, "^TestPasses$")
	g.Expect(code).To(BeZero())
	g.Expect(out).To(MatchRegexp(`\n    suite_test.go:\d+: from inside\n    printed\n    complained\n`))
	g.Expect(out).To(MatchRegexp(`suite_test.go:\d+: afterwards: in the parent true`))
	g.Expect(strings.Count(out, "afterwards")).To(Equal(1), "what comes after is not the child's")
	g.Expect(out).To(whole("--- PASS: TestPasses (t)", "    --- PASS: TestPasses/inside (t)"))
	g.Expect(strings.Count(out, "coverage: ")).To(Equal(1), "the child's percentage is nobody's business")
}

func TestInProcessPassesOnFailures(t *testing.T) {
	g := NewWithT(t)
	out, code := play(t, "^TestFails$")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(MatchRegexp(`suite_test.go:\d+: one\n    suite_test.go:\d+: two\n        lines\n`))
	g.Expect(out).To(MatchRegexp(`suite_test.go:\d+: fatal\n`))
	g.Expect(out).To(whole("--- FAIL: TestFails (t)", "    --- FAIL: TestFails/errors (t)", "    --- FAIL: TestFails/fatal (t)"))
	g.Expect(out).NotTo(ContainSubstring("WRONG"))
}

// A skip that counts as a pass hides that nothing was tested.
func TestInProcessPassesOnASkip(t *testing.T) {
	g := NewWithT(t)
	out, code := play(t, "^TestSkips$")
	g.Expect(code).To(BeZero())
	g.Expect(out).To(MatchRegexp(`suite_test.go:\d+: the reason\n`))
	g.Expect(out).To(whole("    --- SKIP: TestSkips/inside (t)"))
	g.Expect(out).NotTo(ContainSubstring("WRONG"))
}

func TestInProcessPlaysSubtests(t *testing.T) {
	g := NewWithT(t)
	out, code := play(t, "^TestNested$")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(whole(
		"--- FAIL: TestNested (t)",
		"    --- FAIL: TestNested/inside (t)",
		"        --- PASS: TestNested/inside/passes (t)",
		"        --- FAIL: TestNested/inside/fails (t)",
		"            --- FAIL: TestNested/inside/fails/below (t)",
		"        --- SKIP: TestNested/inside/skips (t)",
		"        --- PASS: TestNested/inside/parallel (t)"))
	for _, name := range []string{"a", "b"} {
		g.Expect(out).To(ContainSubstring("--- PASS: TestNested/inside/parallel/" + name + " "))
		g.Expect(out).To(ContainSubstring("log of " + name))
	}
	g.Expect(out).To(whole("=== ATTR  TestNested/inside color light blue"))
}

func TestInProcessRunsExactlyItsSubtest(t *testing.T) {
	g := NewWithT(t)
	out, code := play(t, "^TestNames$")
	g.Expect(code).To(BeZero())
	for _, name := range []string{"a_b/c", "x.*[", "same", "same#01", "#00", "sam"} {
		full := "TestNames/" + name
		g.Expect(out).To(whole("    --- PASS: " + full + " (t)"))
		g.Expect(strings.Count(out, "this is "+full+"\n")).To(Equal(1), full)
	}
	// The user's own choice is heeded below the subtest, too.
	out, _ = play(t, "^TestNested$/inside/fails|never")
	g.Expect(out).To(ContainSubstring("TestNested/inside/fails/below"))
	out, code = play(t, "^TestNested$/inside/passes")
	g.Expect(code).To(BeZero())
	g.Expect(out).To(ContainSubstring("a pass"))
	g.Expect(out).NotTo(ContainSubstring("skips"))
	out, code = play(t, "^TestNested$/inside/passes|^TestNested$/inside/parallel/a|^TestPasses$")
	g.Expect(code).To(BeZero())
	g.Expect(out).To(whole("    --- PASS: TestNested/inside (t)", "        --- PASS: TestNested/inside/passes (t)",
		"        --- PASS: TestNested/inside/parallel (t)", "            --- PASS: TestNested/inside/parallel/a (t)"))
	g.Expect(out).NotTo(ContainSubstring("log of b"))
	g.Expect(out).To(whole("--- PASS: TestPasses (t)"))
}

func TestInProcessInsideOfInProcess(t *testing.T) {
	g := NewWithT(t)
	out, code := play(t, "^TestDeep$")
	g.Expect(code).To(BeZero())
	g.Expect(out).To(ContainSubstring("deep: true"))
	g.Expect(out).To(ContainSubstring("back: true"))
	g.Expect(out).To(whole("--- PASS: TestDeep (t)", "    --- PASS: TestDeep/one (t)", "        --- PASS: TestDeep/one/two (t)"))
}

func TestInProcessThatEndsBadlyFailsItsSubtestOnly(t *testing.T) {
	g := NewWithT(t)
	out, code := play(t, "^TestPanics$")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring("nstest: the process of this test has crashed: panic: oh no"))
	g.Expect(out).To(MatchRegexp(`suite_test\.go:\d+ \+0x`), "the stack")
	g.Expect(out).To(ContainSubstring("--- PASS: TestPanics/below/passes"))
	g.Expect(out).To(ContainSubstring("--- FAIL: TestPanics/below/bursts"))
	g.Expect(out).To(ContainSubstring("the parent goes on"))

	out, code = play(t, "^TestExits$")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring("the process ended before the action returned: exit status 0"))
	g.Expect(out).To(ContainSubstring("the process ended before the action returned: exit status 3"))
	g.Expect(out).To(whole("--- FAIL: TestExits (t)", "    --- FAIL: TestExits/zero (t)", "    --- FAIL: TestExits/three (t)"))
}

func TestInProcessHasLessTimeThanItsParent(t *testing.T) {
	g := NewWithT(t)
	out, code := play(t, "^TestHangs$", "-test.timeout=5s")
	g.Expect(code).To(Equal(1), "not the 2 of a binary that timed out itself")
	// Three quarters of what was left when the subtest began, which on a busy machine is less than 5 s.
	g.Expect(out).To(MatchRegexp(`has crashed: panic: test timed out after ([0-3]\.\d+s|\d+(\.\d+)?ms)`))
	g.Expect(out).To(ContainSubstring("hanging"))
	g.Expect(out).To(whole("--- FAIL: TestHangs (t)", "    --- FAIL: TestHangs/inside (t)"))
}

func TestInProcessTenInParallel(t *testing.T) {
	g := NewWithT(t)
	out, code := play(t, "^TestParallel$")
	g.Expect(code).To(BeZero())
	g.Expect(strings.Count(out, "number ")).To(Equal(10))
	g.Expect(strings.Count(out, "--- PASS: TestParallel/")).To(Equal(20))
}

func TestInProcessTellsOfTheTestsAround(t *testing.T) {
	g := NewWithT(t)
	out, code := play(t, "^TestAround$")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring("this test passed in its process, which ended with exit code 1"))
	g.Expect(out).To(MatchRegexp(`suite_test.go:\d+: around`))
	out, code = play(t, "^TestNotReached$")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring("this test did not begin in its process"))
	g.Expect(out).To(ContainSubstring("not today"))
}

func TestInProcessRefusesSpecs(t *testing.T) {
	g := NewWithT(t)
	out, code := play(t, "^TestSpecs$")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring("InProcess cannot run part of a Ginkgo spec in another process; reexec.Func can make an action of it"))
}

func TestInProcessIsFurnished(t *testing.T) {
	_, code := play(t, "^TestFurnished$")
	NewWithT(t).Expect(code).To(BeZero())
}

func TestInProcessIsCovered(t *testing.T) {
	g := NewWithT(t)
	profile := t.TempDir() + "/c.out"
	for _, test := range []string{"Inside", "Deeper"} {
		_, code := play(t, map[string]string{"Inside": "^TestPasses$", "Deeper": "^TestDeep$"}[test], "-test.coverprofile="+profile)
		g.Expect(code).To(BeZero())
		table, err := exec.Command("go", "tool", "cover", "-func="+profile).CombinedOutput()
		g.Expect(err).NotTo(HaveOccurred(), "%s", table)
		g.Expect(string(table)).To(MatchRegexp(test + `\s+100\.0%`))
	}
}

func TestInProcessInThisSuite(t *testing.T) {
	parent := os.Getpid()
	nstest.InProcess(t, "user, pid, time, mnt", set.NS_USER|set.NS_PID|set.NS_TIME|set.NS_MNT, func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(os.Getuid()).To(BeZero())
		g.Expect(os.Getpid()).To(BeNumerically("<", 20))
		g.Expect(parent).To(Equal(os.Getpid()), "the process starts from the beginning")
	})
}
