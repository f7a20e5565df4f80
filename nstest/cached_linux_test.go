// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	. "github.com/onsi/gomega"
)

// goTest runs two tests of the suite in testdata/rootless by go test, which may give an earlier result, and returns what was printed.
func goTest(t *testing.T, env ...string) string {
	t.Helper()
	cmd := exec.Command("go", "test", "-v", "-run=^Test(Pass|Run)$", "./testdata/rootless")
	cmd.Env = append(append(os.Environ(), "NSTEST_ROOTLESS=force"), env...) // the suite writes to /run
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// go test must not take the result of one shard for that of another.
func TestShardsHaveResultsOfTheirOwn(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	var all []string
	for _, index := range []string{"0", "1"} {
		out := goTest(t, "TEST_TOTAL_SHARDS=2", "TEST_SHARD_INDEX="+index)
		all = append(all, regexp.MustCompile(`--- PASS: \w+`).FindAllString(out, -1)...)
	}
	g.Expect(all).To(ConsistOf("--- PASS: TestPass", "--- PASS: TestRun"))
}

// It keeps no result of a run that is wanted for what it leaves.
func TestTracesAreMadeAgain(t *testing.T) {
	t.Parallel()
	for range 2 {
		NewWithT(t).Expect(goTest(t, "NSTEST_TRACE=all")).NotTo(ContainSubstring("(cached)"))
	}
}

func TestWhatGoTestIsToldOfARun(t *testing.T) {
	t.Parallel()
	times := filepath.Join(t.TempDir(), "times.json")
	NewWithT(t).Expect(os.WriteFile(times, []byte(`{"Action":"pass","Test":"TestPass","Elapsed":1}`), 0o600)).To(Succeed())
	for name, tc := range map[string]struct {
		env  []string
		kept bool
	}{
		"all tests":          {nil, true},
		"a shard":            {[]string{"TEST_TOTAL_SHARDS=2", "TEST_SHARD_INDEX=1"}, true},
		"a shard of nothing": {[]string{"TEST_TOTAL_SHARDS=20", "TEST_SHARD_INDEX=19"}, true},
		"by times":           {[]string{"TEST_TOTAL_SHARDS=2", "TEST_SHARD_INDEX=1", "NSTEST_TIMES=" + times}, false},
		"failed tests":       {[]string{"NSTEST_TRACE=failed", "NSTEST_KEEP=failed,processes"}, true},
		"traces":             {[]string{"NSTEST_TRACE=all"}, false},
		"captures":           {[]string{"NSTEST_PCAP=all"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			log := filepath.Join(t.TempDir(), "log")
			cmd := rootless(t, "Test(Pass|Run)", "-test.testlogfile="+log)
			cmd.Env = append(cmd.Env, tc.env...)
			out, code := run(t, cmd)
			g.Expect(code).To(BeZero(), out)
			text, err := os.ReadFile(log)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(text)).To(SatisfyAll(
				MatchRegexp(`(?m)^getenv TEST_TOTAL_SHARDS$`), MatchRegexp(`(?m)^getenv NSTEST_ROOTLESS$`), MatchRegexp(`(?m)^getenv NSTEST_TRACE$`)))
			// Those that go test knows, from the first one on.
			g.Expect(regexp.MustCompile(`^# test log\n((getenv|open|stat|chdir) .*\n)*$`).Match(text)).To(Equal(tc.kept), "%s", text)
		})
	}
}
