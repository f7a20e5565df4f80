// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestWhatIsDoneAroundTheTests(t *testing.T) {
	for shape, times := range map[string]int{
		"RunFunc": 1, // where the tests run
		"M":       2, // in parent and child
	} {
		for test, want := range map[string]int{"TestPass": 0, "TestFail": 1} {
			t.Run(shape+"/"+test, func(t *testing.T) {
				g := NewWithT(t)
				cmd := rootless(t, test)
				cmd.Env = append(cmd.Env, "SUITE_MAIN="+shape)
				out, code := run(t, cmd)
				g.Expect(code).To(Equal(want), out)
				g.Expect(strings.Count(out, "set up\n")).To(Equal(times), out)
				g.Expect(strings.Count(out, "tear down\n")).To(Equal(times), out)
				g.Expect(strings.Count(out, "coverage: ")).To(Equal(1), out)
				g.Expect(out).NotTo(ContainSubstring("GOCOVERDIR"))
			})
		}
	}
}

func TestNothingIsLeftOfATestMainAroundM(t *testing.T) {
	g := NewWithT(t)
	tmp := t.TempDir()
	cmd := rootless(t, "TestPass")
	cmd.Env = append(cmd.Env, "SUITE_MAIN=testscript", "TMPDIR="+tmp)
	out, code := run(t, cmd)
	g.Expect(code).To(BeZero(), out)
	g.Expect(os.ReadDir(tmp)).To(BeEmpty())
}
