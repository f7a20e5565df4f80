// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func sharded(cmd *exec.Cmd, index, total int) *exec.Cmd {
	cmd.Env = append(cmd.Env, fmt.Sprintf("TEST_TOTAL_SHARDS=%d", total), fmt.Sprintf("TEST_SHARD_INDEX=%d", index))
	return cmd
}

func TestShardsRunEveryTestOnce(t *testing.T) {
	g := NewWithT(t)
	var all []string
	for index := range 3 {
		status := filepath.Join(t.TempDir(), "status")
		cmd := sharded(rootless(t, "Test(Pass|Run|Environment|Require)", "-test.v"), index, 3)
		cmd.Env = append(cmd.Env, "TEST_SHARD_STATUS_FILE="+status)
		out, code := run(t, cmd)
		g.Expect(code).To(BeZero(), out)
		g.Expect(status).To(BeAnExistingFile())
		for _, match := range regexp.MustCompile(`--- PASS: (\w+)`).FindAllStringSubmatch(out, -1) {
			all = append(all, match[1])
		}
	}
	g.Expect(all).To(ConsistOf("TestPass", "TestRun", "TestEnvironment", "TestRequire"))
}

func TestShardsOfAGinkgoSuiteRunEverySpecOnce(t *testing.T) {
	g := NewWithT(t)
	var all []string
	for index := range 2 {
		out, code := run(t, sharded(suite(t, specsSuite), index, 2))
		g.Expect(code).To(BeZero(), out)
		ran := regexp.MustCompile(`(?m)^ran \w+`).FindAllString(strings.ReplaceAll(out, "ran", "\nran"), -1)
		g.Expect(len(ran)).To(BeNumerically("<", 22), "one shard did it all")
		all = append(all, ran...)
	}
	want := []string{"ran begins", "ran ends"}
	for i := range 20 {
		want = append(want, fmt.Sprintf("ran %d", i))
	}
	g.Expect(all).To(ConsistOf(want))
}

func TestWhatIsNoShardIsAnError(t *testing.T) {
	g := NewWithT(t)
	out, code := run(t, sharded(rootless(t, "TestPass"), 3, 3))
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring(`nstest: TEST_TOTAL_SHARDS="3" and TEST_SHARD_INDEX="3" name no shard`))
}
