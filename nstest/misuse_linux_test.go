// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// blamed is the place in the suite of misuse that a comment marks, in the function of that
// name.
func blamed(t *testing.T, function, comment string) string {
	t.Helper()
	source, err := os.ReadFile("testdata/report/misuse_test.go")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(source), "\nfunc "+function+"(")
	within, _, found := strings.Cut(rest, "// "+comment+"\n")
	if !found {
		t.Fatalf("no comment %q in %s", comment, function)
	}
	return "misuse_test.go:" + strconv.Itoa(strings.Count(before+within, "\n")+2)
}

func TestSubtestsOutsideFailTheTestThatHasEntered(t *testing.T) {
	g := NewWithT(t)
	const want = "nstest: uts: subtests have run outside of the fixture, since t.Run starts goroutines: " +
		"start them with Fixture.Run, or with nstest.Run for namespaces of their own\n"
	out, code := failing(t, "TestSubtestsAreOutside")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring(blamed(t, "TestSubtestsAreOutside", "entered here") + ": " + want))
	g.Expect(out).To(ContainSubstring("--- PASS: TestSubtestsAreOutside/inside"))

	out, code = failing(t, "TestSubtestsOfRunAreOutside")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring(want))
	g.Expect(out).To(MatchRegexp(`misuse_test\.go:\d+: nstest: Here: this subtest runs outside of the fixture that the test around it has entered`))

	out, code = failing(t, "TestSubtestsOfDoAreOutside", "-test.v")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring(blamed(t, "TestSubtestsOfDoAreOutside", "done here") + ": " + want))
	g.Expect(out).To(ContainSubstring("goes on"))
	out, code = failing(t, "TestSubtestsWhileDoGoesOn")
	g.Expect(code).To(BeZero(), out)

	out, code = failing(t, "FuzzOutside")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring("nstest: net: the fuzz target has run outside of the fixture, on another goroutine: call Enter in the target\n"))

	out, code = failing(t, "TestHereIsNowhere")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(MatchRegexp(`misuse_test\.go:\d+: nstest: Here: this test runs in no fixture: `))
}

func TestAFixtureThatIsUsedTooLateIsNamed(t *testing.T) {
	const ended = "that test has ended: make one for each test, and end the goroutines that use it before"
	for _, c := range []struct {
		test, owner, why string
		panics           bool // nothing can end the test
	}{
		{test: "TestLate", owner: "TestLate/owner", why: ended, panics: true},
		{test: "TestLateInside", owner: "TestLateInside/owner", why: ended, panics: true},
		{test: "TestLateBesideAnother", owner: "TestLateBesideAnother/owner", why: ended},
		{test: "TestLateOnAnotherGoroutine", owner: "TestLateOnAnotherGoroutine/owner", why: ended},
		{test: "TestLateInCleanup", owner: "TestLateInCleanup", why: "its own clean-up: "},
		{test: "TestClosedByItself", owner: "TestClosedByItself", why: "its Set was closed"},
	} {
		t.Run(c.test, func(t *testing.T) {
			g := NewWithT(t)
			out, code := failing(t, c.test)
			told := blamed(t, c.test, "used here") + ": nstest: fixture uts of " + c.owner + " is used after " + c.why
			g.Expect(out).To(ContainSubstring(told))
			if c.panics {
				g.Expect(code).To(Equal(2))
				g.Expect(out).To(MatchRegexp(`(?m)^panic: \S*` + regexp.QuoteMeta(told)))
			} else {
				g.Expect(code).To(Equal(1))
			}
			g.Expect(out).To(ContainSubstring("--- FAIL: " + c.test))
			g.Expect(out).NotTo(SatisfyAny(ContainSubstring("WRONG"), ContainSubstring("cannot be read")))
			g.Expect(strings.Contains(out, "the others go on")).To(Equal(c.test == "TestLateOnAnotherGoroutine"))
		})
	}
	g := NewWithT(t)
	out, _ := failing(t, "TestSpecs", "-ginkgo.focus=Late|Here")
	g.Expect(spec(out, "Late [It] uses it")).To(MatchRegexp(
		`\[FAILED\] nstest: fixture uts of Late makes one is used after ` + ended + `\n +In \[It\] at: \S+misuse_test\.go:\d+ `))
	g.Expect(spec(out, "Here [It] is nowhere")).To(MatchRegexp(
		`\[FAILED\] nstest: Here: this test runs in no fixture: .*\n +In \[It\] at: \S+misuse_test\.go:\d+ `))
}

// Package testing throws away what a test logs when it has ended, and all around it have.
func TestAGoroutineThatOutlivesItsTestIsNamed(t *testing.T) {
	g := NewWithT(t)
	out, code := failing(t, "TestLateStraggler(GoesOn)?")
	g.Expect(code).To(Equal(1))
	g.Expect(strings.Count(out, blamed(t, "TestLateStraggler", "used here")+": nstest: fixture uts of TestLateStraggler is used after that test has ended: ")).To(Equal(1))
	g.Expect(out).NotTo(ContainSubstring("WRONG"))
}

func TestChdirInsideOfDoFailsTheTestAndIsUndone(t *testing.T) {
	const want = ": nstest: mnt: t.Chdir inside of Do has moved its thread alone, and its clean-up has moved this process"
	for test, comment := range map[string]string{"TestChdirInside": "called here", "TestChdirOfASubtestInside": "called here"} {
		g := NewWithT(t)
		out, code := failing(t, test, "-test.count=2") // which fails alike if the first has brought the process back
		g.Expect(code).To(Equal(1))
		g.Expect(strings.Count(out, blamed(t, test, comment)+want)).To(Equal(2))
	}
	g := NewWithT(t)
	out, _ := failing(t, "TestChdirOfASubtestInside")
	g.Expect(out).To(MatchRegexp(`t\.Chdir inside of Do(?s:.*)back again`), "noticed only at the end")
	out, code := failing(t, "TestChdirInSet")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(SatisfyAll(ContainSubstring("--- PASS"), ContainSubstring("nstest: t.Chdir inside of Do has moved its thread alone")))
}

func TestUnnamedFixturesHaveNamesOfTheirOwn(t *testing.T) {
	out, _ := failing(t, "TestUnnamed")
	for _, name := range []string{"uts", "uts#2", "uts#2 of mine"} {
		NewWithT(t).Expect(out).To(ContainSubstring("nstest: fixture " + name + " as the test failed"))
	}
}

func TestCommandsAreInTheLog(t *testing.T) {
	g := NewWithT(t)
	out, _ := failing(t, "TestCommandIsLogged")
	g.Expect(out).To(MatchRegexp(`(?m)^    said\n    complained\n    complained again\n`))
	g.Expect(out).NotTo(SatisfyAny(ContainSubstring("mine"), ContainSubstring("processes were left")))
	g.Expect(out).To(MatchRegexp(`\n        processes\n          \d+  sleep  sleep 1001`), "as it was before it was killed")
}

// The processes that fuzz are others, which talk to the first one by inherited descriptors.
func TestFixturesInAFuzzTarget(t *testing.T) {
	fuzz := func(test, rootless string) (string, int) {
		cmd := suite(t, reportSuite, "-test.run=^$", "-test.fuzz=^"+test+"$", "-test.fuzztime=20x", "-test.parallel=2", "-test.fuzzcachedir="+t.TempDir())
		cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS="+rootless)
		out, code := run(t, cmd)
		t.Log(out)
		return out, code
	}
	for _, rootless := range []string{"auto", "force"} {
		g := NewWithT(t)
		out, code := fuzz("FuzzFixture", rootless)
		g.Expect(code).To(BeZero())
		g.Expect(out).To(MatchRegexp(`execs: 20 `))
	}
	g := NewWithT(t)
	out, code := failing(t, "FuzzFixture")
	g.Expect(code).To(BeZero(), out)

	const cause = ": nstest: net: add 192.0.2.1/32 to missing: Link not found"
	for test, line := range map[string]string{"FuzzFails": blamed(t, "FuzzFails", "fails here"), "FuzzFailsFor": blamed(t, "FuzzFailsFor", "fails here, too")} {
		for _, run := range []func() (string, int){
			func() (string, int) { return failing(t, test) },
			func() (string, int) { return fuzz(test, "auto") },
		} {
			out, code := run()
			g.Expect(code).NotTo(BeZero())
			g.Expect(out).To(ContainSubstring(line + cause))
			g.Expect(out).NotTo(ContainSubstring("inside the fuzz target"))
		}
	}
}
