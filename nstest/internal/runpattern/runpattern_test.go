// SPDX-License-Identifier: Apache-2.0

package runpattern_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/runpattern"
)

func TestFunctionsAreThoseThatTheAlternativesMatch(t *testing.T) {
	g := NewWithT(t)
	for run, want := range map[string]string{
		"":                      "^(TestA|TestB)$",
		"A|B":                   "^(TestA)$|^(TestB)$",
		"(A|B)/x":               "^(TestA|TestB)$/x",
		"A/x|B/y/z":             "^(TestA)$/x|^(TestB)$/y/z",
		`[/|A]/[\]|/]|B/x\|y`:   `^(TestA)$/[\]|/]|^(TestB)$/x\|y`,
		`^TestA$/a b`:           "^(TestA)$/a_b",
		`^TestA$/()/(x/y|z)/\/`: `^(TestA)$/()/(x/y|z)/\/`,
		"C|A/x":                 "^(TestA)$/x",
		"A":                     "^(TestA)$",
		"C":                     "^$",
		"//x":                   "^(TestA|TestB)$//x",
	} {
		p, err := runpattern.Parse(run)
		g.Expect(err).NotTo(HaveOccurred(), run)
		g.Expect(p.Functions([]string{"TestA", "TestB"})).To(Equal(want), run)
		g.Expect(p.Matches("TestC")).To(Equal(run == "" || run[0] == 'C' || run[0] == '/'), run)
	}
}

func TestBelowIsOneTestWithWhatIsAskedForBelowIt(t *testing.T) {
	g := NewWithT(t)
	for run, want := range map[string]string{
		"":                      "^TestA$/^x\\.$",
		"A":                     "^TestA$/^x\\.$",
		"A/x/y|B":               "^TestA$/^x\\.$/y",
		"A/x/y|A/z/q|A/x/z/a":   "^TestA$/^x\\.$/y|^TestA$/^x\\.$/z/a",
		"^(TestA|TestB)$/^x.$/": "^TestA$/^x\\.$/",
		"B":                     "^$",
	} {
		p, err := runpattern.Parse(run)
		g.Expect(err).NotTo(HaveOccurred(), run)
		g.Expect(p.Below("TestA/x.")).To(Equal(want), run)
	}
}

func TestWhatIsNoRegularExpressionIsAnError(t *testing.T) {
	g := NewWithT(t)
	for _, run := range []string{"(", "a/[", "a|)", "*"} {
		_, err := runpattern.Parse(run)
		g.Expect(err).To(MatchError(ContainSubstring("-test.run="+run+": ")), run)
	}
}
