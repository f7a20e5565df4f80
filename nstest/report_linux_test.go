// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
)

var reportSuite = sync.OnceValues(func() (string, error) { return build("report") })

// failing runs one test of the suite in testdata/report, and returns its output and exit
// code.
func failing(t *testing.T, test string, args ...string) (string, int) {
	t.Helper()
	cmd := suite(t, reportSuite, append([]string{"-test.run=^" + test + "$", "-test.v", "-ginkgo.no-color"}, args...)...)
	cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS=auto")
	out, code := run(t, cmd)
	t.Log(out)
	return out, code
}

// reported matches what the log has of a fixture: the heading, and a part of the lines.
func reported(name, ids string, lines ...string) OmegaMatcher {
	pattern := `(?ms)suite_test\.go:\d+: nstest: fixture ` + regexp.QuoteMeta(name) + ` as the test failed: ` + ids + `$`
	for _, line := range lines {
		pattern += `.*\n        ` + line + `$`
	}
	return MatchRegexp(pattern)
}

const (
	netID = `net:\[\d+\]`
	utsID = `uts:\[\d+\]`
)

// furnished is what the suite furnishes a fixture with.
func furnished(link string) []string {
	return []string{`links`, `  lo +UP +127\.0\.0\.1/8 ::1/128`,
		`  ` + link + ` +UP  [0-9a-f:]+  192\.0\.2\.1/24[^\n]* +veth, peer ` + link + `-peer[^\n]*`,
		`routes`, `  192\.0\.2\.0/24 dev ` + link + `[^\n]* src 192\.0\.2\.1`, `  198\.51\.100\.0/24 via 192\.0\.2\.2 dev ` + link + `[^\n]*`,
		`sockets`, `  tcp  LISTEN  192\.0\.2\.1:80`}
}

func TestAFailedTestShowsItsFixture(t *testing.T) {
	g := NewWithT(t)
	out, code := failing(t, "TestFails")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(reported("net", netID, furnished("eth0")...))
	// The log leads to where the fixture was made.
	g.Expect(out).To(ContainSubstring(lineOf(t, "suite_test.go", "// line of the report") + ": nstest: fixture"))
}

func TestTheStateIsReadBeforeLinksAreDeleted(t *testing.T) {
	g := NewWithT(t)
	out, code := failing(t, "TestFailsWithALinkOfPackageLink")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(reported("net", netID, `links`, `  cable +(UP|NOT-RUNNING) +[0-9a-f:]+ +192\.0\.2\.1/24[^\n]*`))
}

func TestACleanupThatFailsFailsTheTest(t *testing.T) {
	g := NewWithT(t)
	out, code := failing(t, "TestFailsToCleanUp")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(SatisfyAll(MatchRegexp(`suite_test.go:\d+: nstest: net: on purpose`), reported("net", netID, `links`)))
}

func TestOnSuccessNothingIsSaid(t *testing.T) {
	g := NewWithT(t)
	for _, test := range []string{"TestPasses", "TestSkips", "TestProcessElsewhere", "TestProcessEnds"} {
		out, code := failing(t, test)
		g.Expect(code).To(BeZero(), test)
		g.Expect(out).NotTo(SatisfyAny(ContainSubstring("as the test failed"), ContainSubstring("links"), ContainSubstring("processes")), test)
	}
}

func TestAllFixturesOfAFailedTestAreShown(t *testing.T) {
	g := NewWithT(t)
	out, _ := failing(t, "TestTwo")
	g.Expect(out).To(reported("client", netID, furnished("uplink")...))
	g.Expect(out).To(reported("server", netID, furnished("downlink")...))
	g.Expect(strings.Count(out, "as the test failed")).To(Equal(2))
}

// The clean-up that fails comes after that of one fixture and before that of the other.
func TestAFailureInACleanupShowsAllFixtures(t *testing.T) {
	g := NewWithT(t)
	out, _ := failing(t, "TestCleanupFails")
	g.Expect(out).To(reported("first", utsID, "nothing that did not come with it"))
	g.Expect(out).To(reported("second", netID, furnished("eth0")[:6]...))
}

func TestOnlyMountsOfTheTestAreShown(t *testing.T) {
	g := NewWithT(t)
	out, _ := failing(t, "TestMounts")
	g.Expect(out).To(MatchRegexp(`(?m)^        mounts\n          \S+ +tmpfs +mine\n--- FAIL`))
}

// What the clean-ups of the test take away, and those of nstest, is shown.
func TestEvidenceIsTakenBeforeCleanups(t *testing.T) {
	out, _ := failing(t, "TestCleanedUp")
	NewWithT(t).Expect(out).To(reported("net", netID, furnished("eth0")...))
}

func TestAPanicShowsTheFixture(t *testing.T) {
	g := NewWithT(t)
	out, code := failing(t, "TestPanics")
	g.Expect(code).To(Equal(2))
	g.Expect(out).To(reported("net", netID, furnished("eth0")...))
	g.Expect(out).To(ContainSubstring("\npanic: on purpose"))
	out, _ = failing(t, "TestPanicsInside")
	g.Expect(out).To(reported("uts", utsID, "hostname", "  inside"))
}

func TestWhereverTheTestRunsItsFixtureIsShown(t *testing.T) {
	g := NewWithT(t)
	out, _ := failing(t, "TestEnters")
	g.Expect(out).To(reported("net, uts", netID+" "+utsID, furnished("eth0")...))
	out, _ = failing(t, "TestRuns")
	g.Expect(out).To(reported("uts", utsID, "hostname", "  inside"))
	g.Expect(strings.Count(out, "as the test failed")).To(Equal(1), "its sibling has passed")
	out, _ = failing(t, "TestInProcess")
	g.Expect(out).To(reported("user, net, uts, mnt", `user:\[\d+\] `+netID+" "+utsID+` mnt:\[\d+\]`,
		"links", "  lo  UP  127.0.0.1/8 ::1/128", "mounts", `  /\S+ +tmpfs +mine`, "hostname", "  inside"))
	g.Expect(out).To(reported("deeper", netID, "links", "  lo  UP  127.0.0.1/8 ::1/128"))
}

func TestAProcessThatIsLeftFailsTheTest(t *testing.T) {
	const left = "processes were left in the fixture, and killed: "
	for _, c := range []struct{ test, fixture, ids, process string }{
		{"TestProcessIsLeft", "left", netID, "sleep 1000"},
		{"TestOrphanIsLeft", "net", netID, "sleep 1000"},
		{"TestProcessIsLeftInPid", "pid", `pid:\[\d+\]`, "sleep 1000"},
		{"TestProcessIsLeftInProcess", "user, uts", `user:\[\d+\] ` + utsID, "sleep 1000"},
		{"TestForksOn", "net", netID, `sh -c while [^)]*`},
	} {
		t.Run(c.test, func(t *testing.T) {
			g := NewWithT(t)
			out, code := failing(t, c.test)
			g.Expect(code).To(Equal(1))
			g.Expect(out).To(MatchRegexp(`--- FAIL: ` + c.test))
			g.Expect(out).NotTo(ContainSubstring("nstest: the tests left behind"))
			g.Expect(out).To(MatchRegexp(`suite_test\.go:\d+: nstest: ` + c.fixture + `: ` + left + `(process \d+ \(sleep [^)]*\), )?process \d+ \(` + c.process + `\)`)) // in the order of their numbers, which start anew at times
			g.Expect(out).To(reported(c.fixture, c.ids, `processes`, `  \d+ +(sleep|sh) +`+c.process+`[^\n]*`))
			_, named, _ := strings.Cut(out, left)
			named, _, _ = strings.Cut(named, "\n")
			for _, match := range regexp.MustCompile(`process (\d+) \(`).FindAllStringSubmatch(named, -1) {
				g.Eventually(func() bool {
					stat, err := os.ReadFile("/proc/" + match[1] + "/stat")
					return err != nil || regexp.MustCompile(`\) Z `).Match(stat)
				}).Should(BeTrue(), "process %s lives on", match[1])
			}
		})
	}
}

// spec returns what Ginkgo prints about one spec.
func spec(out, text string) string {
	for _, part := range strings.Split(out, "------------------------------\n") {
		if strings.Contains(part, text) {
			return part
		}
	}
	return ""
}

func TestAFailedSpecShowsItsFixtures(t *testing.T) {
	g := NewWithT(t)
	out, code := failing(t, "TestSpecs", "-ginkgo.skip=at last")
	g.Expect(code).To(Equal(1))

	// entry matches a report entry, whose place is where the fixture is declared.
	entry := func(name, ids string, lines ...string) OmegaMatcher {
		pattern := `(?ms)\n  nstest: fixture ` + name + ` as the test failed: ` + ids + ` - \S+specs_test\.go:\d+ `
		for _, line := range lines {
			pattern += `.*\n    ` + line + `$`
		}
		return MatchRegexp(pattern)
	}
	none := Not(ContainSubstring("as the test failed"))

	g.Expect(spec(out, "New passes")).To(none)
	g.Expect(spec(out, "New [It] fails")).To(SatisfyAll(entry("own", utsID, "hostname", "  { {red}}"), entry("shared", utsID)))

	g.Expect(spec(out, "Each passes")).To(none)
	g.Expect(spec(out, "Each [It] fails")).To(SatisfyAll(
		entry("alice", netID, furnished("eth0")...), entry("bob", utsID, "hostname", "  bobs-host")))
	g.Expect(spec(out, "Each [DeferCleanup (Each)] fails in clean-up")).To(SatisfyAll(
		entry("alice", netID, "links", "  lo  UP  127.0.0.1/8 ::1/128"), entry("bob", utsID)))
	g.Expect(spec(out, "Each [DeferCleanup (Each)] leaves a process")).To(SatisfyAll(
		entry("bob", utsID, "processes", `  \d+  sleep  sleep 1000`),
		ContainSubstring("[FAILED] nstest: bob: processes were left in the fixture, and killed: process ")))

	g.Expect(spec(out, "Inside passes")).To(none)
	g.Expect(spec(out, "Inside goes on")).To(none)
	g.Expect(spec(out, "Inside [It] fails\n")).To(entry("room", utsID, "hostname", "  inside"))
	g.Expect(spec(out, "Inside [It] panics\n")).To(entry("room", utsID, "hostname", "  inside"))
	g.Expect(spec(out, "Inside [DeferCleanup (Each)] fails in DeferCleanup")).To(entry("room", utsID, "hostname", "  cleaned-up"))
	g.Expect(spec(out, "TOP-LEVEL [DeferCleanup (Each)] Inside leaves a process")).To(SatisfyAll(
		entry("room", utsID, "processes", `  \d+  sleep  sleep 1000`),
		MatchRegexp(`\[FAILED\] nstest: room of \S+specs_test\.go:\d+: processes were left in the fixture, and killed: process `),
		ContainSubstring("still there")))
	g.Expect(spec(out, "Inside in another [It] fails")).To(SatisfyAll(
		entry("room", utsID, "hostname", "  inside"), entry("inner", netID, "links", "  lo  UP  127.0.0.1/8 ::1/128")))

	g.Expect(spec(out, "Goes on [It] one\n")).To(entry("all", utsID, "hostname", "  one"))
	g.Expect(spec(out, "Goes on [It] two\n")).To(entry("all", utsID, "hostname", "  two"))
	g.Expect(spec(out, "Goes on three")).To(none)
	g.Expect(spec(out, "Cleans up")).To(none)
	g.Expect(spec(out, "Leaves one [DeferCleanup (All)] two")).To(MatchRegexp(`\[FAILED\] nstest: all of \S+specs_test\.go:\d+: processes were left`))
}

// lineOf finds where a file of the suite has a mark.
func lineOf(t *testing.T, file, mark string) string {
	t.Helper()
	source, err := os.ReadFile("testdata/report/" + file)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	before, _, found := strings.Cut(string(source), mark)
	NewWithT(t).Expect(found).To(BeTrue(), mark)
	return fmt.Sprintf("%s:%d", file, strings.Count(before, "\n")+1)
}

// The place that Ginkgo names is the user's, not one of the frames between.
func TestGinkgoNamesThePlaceOfTheUser(t *testing.T) {
	g := NewWithT(t)
	out, code := failing(t, "TestSpecs", "-ginkgo.focus=panics in it")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(MatchRegexp(`\[PANICKED\] Test Panicked\n +In \[It\] at: \S+/` + lineOf(t, "specs_test.go", "// line of the panic")))

	cmd := suite(t, reportSuite, "-test.run=^TestSpecs$", "-ginkgo.no-color", "-ginkgo.focus=makes one too late")
	cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS=auto", "SUITE_TOO_LATE=1")
	out, code = run(t, cmd)
	g.Expect(code).NotTo(BeZero())
	g.Expect(out).To(MatchRegexp(`trying to add a (?s:.*)BeforeEach`))
	g.Expect(out).To(ContainSubstring(lineOf(t, "specs_test.go", "// line of Each")))
	g.Expect(out).NotTo(ContainSubstring("nstest/ginkgo.go"))
}

// Of this one Ginkgo does not tell when it ends.
func TestAProcessThatIsLeftFailsTheRunAtLast(t *testing.T) {
	g := NewWithT(t)
	out, code := failing(t, "TestSpecs", "-ginkgo.focus=at last")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring("--- PASS: TestSpecs"))
	g.Expect(out).To(MatchRegexp(`\nnstest: all of "Leaves one at last", which came before: processes were left in the fixture, and killed: process \d+ \(sleep 1000\)`))
}
