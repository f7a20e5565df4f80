// SPDX-License-Identifier: Apache-2.0

//go:build linux

package reexec_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/reexec"
)

func init() {
	reexec.Register("answer and stay", func() {
		fmt.Println(`{"answer": [42]}`)
		select {}
	})
	// A stopped process does not get to see SIGTERM. Somebody else prints, once it is stopped.
	reexec.Register("answer and stop", func() {
		cmd := exec.Command("sh", "-c", `kill -STOP $PPID
until grep -q '^State:.T' /proc/$PPID/status; do :; done
echo '{"answer": [42]}'`)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			panic(err)
		}
	})
	reexec.Register("answer twice and stay", func() {
		fmt.Println("1\n2")
		select {}
	})
	reexec.Register("answer and burst", func() {
		fmt.Println("1")
		panic("after the answer")
	})
}

// gons: a process that had printed its result was killed after a second, and the result
// was returned.
func TestGonsAnswerOfAProcessThatHangs(t *testing.T) {
	reexec.SetAnsweredFor(t, time.Millisecond)
	for _, name := range []string{"answer and stay", "answer and stop"} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var result struct{ Answer []int }
			g.Expect(reexec.RunReexecAction(name, reexec.Result(&result))).To(Succeed())
			g.Expect(result.Answer).To(Equal([]int{42}))
		})
	}
}

func TestAnswerMustBeAllThatIsPrinted(t *testing.T) {
	g := NewWithT(t)
	reexec.SetAnsweredFor(t, time.Millisecond)
	var n int
	g.Expect(reexec.RunReexecAction("answer twice and stay", reexec.Result(&n))).To(MatchError(reexec.ErrResult))
}

func TestPanicAfterTheAnswerCounts(t *testing.T) {
	var n int
	err := reexec.RunReexecAction("answer and burst", reexec.Result(&n))
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring("panic: after the answer")))
}

func TestWhereAnAnswerEnds(t *testing.T) {
	for text, want := range map[string]int{
		"":                             -1,
		" \n":                          -1,
		"42":                           -1, // it may go on
		"42\n":                         3,
		" true ":                       6,
		`"a b" c`:                      5,
		`"\"\\" c`:                     6,
		`"`:                            -1,
		`{"a": {"b}": [1, 2]}}` + "\n": 21,
		`[]]`:                          2,
		`[[1, 2], `:                    -1,
	} {
		if got := reexec.Ends(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
