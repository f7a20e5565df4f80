// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
)

func sharded(cmd *exec.Cmd, index, total int) *exec.Cmd {
	cmd.Env = append(cmd.Env, fmt.Sprintf("TEST_TOTAL_SHARDS=%d", total), fmt.Sprintf("TEST_SHARD_INDEX=%d", index))
	return cmd
}

// inBazel has a shard run as one of Bazel's, and also as one of rules_go's go_test. The file is there afterwards.
func inBazel(t *testing.T, cmd *exec.Cmd, rulesGo bool) (status string) {
	status = filepath.Join(t.TempDir(), "status")
	cmd.Env = append(cmd.Env, "TEST_SHARD_STATUS_FILE="+status)
	if rulesGo {
		cmd.Env = append(cmd.Env, "SUITE_RULES_GO=1")
	}
	return status
}

func TestShardsRunEveryTestOnce(t *testing.T) {
	for _, engine := range []string{"any", "Bazel", "rules_go"} {
		t.Run(engine, func(t *testing.T) {
			g := NewWithT(t)
			var all []string
			for index := range 3 {
				cmd := sharded(rootless(t, "Test(Pass|Run|Environment|Require)", "-test.v"), index, 3)
				status := "/dev/null"
				if engine != "any" {
					status = inBazel(t, cmd, engine == "rules_go")
				}
				out, code := run(t, cmd)
				g.Expect(code).To(BeZero(), out)
				g.Expect(status).To(BeAnExistingFile())
				for _, match := range regexp.MustCompile(`--- PASS: (\w+)`).FindAllStringSubmatch(out, -1) {
					all = append(all, match[1])
				}
			}
			g.Expect(all).To(ConsistOf("TestPass", "TestRun", "TestEnvironment", "TestRequire"))
		})
	}
}

func TestShardsRunWhatIsAskedForBelowTheTestsOnly(t *testing.T) {
	g := NewWithT(t)
	for pattern, want := range map[string][]string{
		"^Test(Nested|Deep)$/inside/passes": {"TestDeep", "TestNested", "TestNested/inside", "TestNested/inside/passes"},
		"^TestNested$/inside/passes|^TestNames$/^(same|sam)$|^TestDeep$/never": {
			"TestDeep", "TestNested", "TestNested/inside", "TestNested/inside/passes", "TestNames", "TestNames/same", "TestNames/sam",
		},
	} {
		var ran []string
		for index := range 2 {
			cmd := sharded(suite(t, inProcessSuite, "-test.v", "-test.run="+pattern), index, 2)
			cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS=auto")
			out, code := run(t, cmd)
			g.Expect(code).To(BeZero(), out)
			for _, match := range regexp.MustCompile(`--- PASS: (\S+)`).FindAllStringSubmatch(out, -1) {
				ran = append(ran, match[1])
			}
		}
		g.Expect(ran).To(ConsistOf(want), pattern)
	}
}

func TestShardsOfAGinkgoSuiteRunEverySpecOnce(t *testing.T) {
	g := NewWithT(t)
	var all []string
	for index := range 2 {
		cmd := sharded(suite(t, specsSuite), index, 2)
		inBazel(t, cmd, true)
		out, code := run(t, cmd)
		g.Expect(code).To(BeZero(), out)
		ran := regexp.MustCompile(`(?m)^ran \w+`).FindAllString(strings.ReplaceAll(out, "ran", "\nran"), -1)
		g.Expect(len(ran)).To(BeNumerically("<", 28), "one shard did it all")
		all = append(all, ran...)
	}
	want := []string{"ran alone", "ran begins", "ran ends", "ran part0", "ran part1", "ran part2", "ran part3", "ran part4"}
	for i := range 20 {
		want = append(want, fmt.Sprintf("ran %d", i))
	}
	g.Expect(all).To(ConsistOf(want))
}

func TestShardsGoByTheTimesOfAnEarlierRun(t *testing.T) {
	g := NewWithT(t)
	const inPackage = "github.com/seed-1bc5c4a2/gonso/nstest/testdata/rootless"
	times := filepath.Join(t.TempDir(), "times.json")
	var events string
	for name, seconds := range map[string]float64{"TestPass": 9, "TestRun": 3, "TestEnvironment": 3, "TestRequire": 2} {
		events += fmt.Sprintf(`{"Action":"pass","Package":%q,"Test":%q,"Elapsed":%v}`+"\n", inPackage, name, seconds)
	}
	g.Expect(os.WriteFile(times, []byte(events), 0o600)).To(Succeed())
	for index, want := range []types.GomegaMatcher{
		ConsistOf("TestPass"), ConsistOf("TestRun", "TestEnvironment", "TestRequire"),
	} {
		cmd := sharded(rootless(t, "Test(Pass|Run|Environment|Require)", "-test.v", "-test.count=2", "-test.shuffle=7"), index, 2)
		cmd.Env = append(cmd.Env, "NSTEST_TIMES="+times)
		inBazel(t, cmd, true)
		out, code := run(t, cmd)
		g.Expect(code).To(BeZero(), out)
		ran := make(map[string]int)
		for _, match := range regexp.MustCompile(`--- PASS: (\w+)`).FindAllStringSubmatch(out, -1) {
			ran[match[1]]++
		}
		g.Expect(slices.Collect(maps.Keys(ran))).To(want)
		g.Expect(slices.Collect(maps.Values(ran))).To(HaveEach(2), "by -count")
	}

	for text, want := range map[string]string{
		"NSTEST_TIMES=" + times + "2":  "times.json2: open .*: no such file or directory",
		"NSTEST_TIMES=times.json":      "give the whole path",
		"NSTEST_TIMES=/proc/self/stat": "it has no event of 'go test -json'",
	} {
		cmd := sharded(rootless(t, "TestPass"), 0, 2)
		cmd.Env = append(cmd.Env, text)
		out, code := run(t, cmd)
		g.Expect(code).To(Equal(1))
		g.Expect(out).To(MatchRegexp(want))
	}
}

func TestShardsOfAGinkgoSuiteGoByTheTimesOfAnEarlierRun(t *testing.T) {
	g := NewWithT(t)
	times := filepath.Join(t.TempDir(), "times.json")
	g.Expect(os.WriteFile(times, []byte(`[{"SpecReports":[
{"ContainerHierarchyTexts":["dealt out"],"LeafNodeType":"It","LeafNodeText":"number 7","State":"passed","RunTime":900},
{"ContainerHierarchyTexts":["in order","part 0"],"LeafNodeType":"It","LeafNodeText":"comes after the others","IsInOrderedContainer":true,"State":"passed","RunTime":1}
]}]`), 0o600)).To(Succeed())
	for index, want := range []types.GomegaMatcher{
		And(ContainSubstring("ran 7\n"), Not(ContainSubstring("ran part"))), And(ContainSubstring("ran part4\n"), Not(ContainSubstring("ran 7\n"))),
	} {
		cmd := sharded(suite(t, specsSuite), index, 2)
		cmd.Env = append(cmd.Env, "NSTEST_TIMES="+times)
		out, code := run(t, cmd)
		g.Expect(code).To(BeZero(), out)
		g.Expect(out).To(want)
	}
}

func TestWhatIsNoShardIsAnError(t *testing.T) {
	g := NewWithT(t)
	out, code := run(t, sharded(rootless(t, "TestPass"), 3, 3))
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring(`nstest: TEST_TOTAL_SHARDS="3" and TEST_SHARD_INDEX="3" name no shard: they are numbered from 0 to 2`))
	out, code = run(t, sharded(rootless(t, "TestPass"), 0, -1))
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring(`nstest: TEST_TOTAL_SHARDS="-1" and TEST_SHARD_INDEX="0" name no shard: the total is 1 or more`))
}
