// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestWhatHangsIsShownBeforeTheTimeIsOver(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out, code := run(t, rootless(t, "TestHangInside", "-test.timeout=4s"))
	g.Expect(code).To(Equal(2), out)
	const when = `of TestHangInside, 2s before -test\.timeout=4s is over: `
	said, _, found := strings.Cut(out, "panic: test timed out after 4s")
	g.Expect(found).To(BeTrue(), out)
	g.Expect(said).To(MatchRegexp(`(?m)^nstest: fixture hanger ` + when + netID + `\n    links\n      lo  UP`))
	g.Expect(said).To(MatchRegexp(`(?m)^nstest: fixture other ` + when + utsID + `\n    hostname\n      waits$`))
}

// A node that is out of time gets a progress report from Ginkgo, as does whoever asks for one.
func TestWhatHangsIsInTheProgressReportsOfGinkgo(t *testing.T) {
	g := NewWithT(t)
	out, code := failing(t, "TestSpecs", "-ginkgo.focus=waits for too long")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(MatchRegexp(`Begin Additional Progress Reports >>\n` +
		` +nstest: fixture shared of the suite, at this moment: ` + utsID + `\n.*\n` +
		` +nstest: fixture slow of Hangs waits for too long, at this moment: ` + utsID + `\n +hostname\n +inside\n`))
}
