// SPDX-License-Identifier: Apache-2.0

package testfield_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/testfield"
)

// helper is set in a process that runs a test which is to be looked at from outside.
const helper = "NSTEST_TESTFIELD_HELPER"

// runHelper runs the test again with that flag, and returns what it has printed.
func runHelper(t *testing.T, flags ...string) string {
	cmd := exec.Command(os.Args[0], append(flags, "-test.run=^"+t.Name()+"$")...)
	cmd.Env = append(os.Environ(), helper+"=1", "GOCOVERDIR="+t.TempDir())
	out, _ := cmd.CombinedOutput() // a test that fails on purpose
	return string(out)
}

func TestWhatATestHasLoggedCanBeRead(t *testing.T) {
	if os.Getenv(helper) != "" {
		t.Log("one")
		t.Log("two\nlines")
		text, failed, ok := testfield.Output(t, 0)
		t.Fail()
		rest, after, _ := testfield.Output(t, max(0, len(text)-1))
		fmt.Printf("%t %q %t %t %q\n", ok, text, failed, after, rest)
		return
	}
	want := regexp.MustCompile(`true "    log_test.go:\d+: one\\n    log_test.go:\d+: two\\n        lines\\n" false true "\\n"`)
	if out := runHelper(t); !want.MatchString(out) {
		t.Errorf("%s\nwant %v", out, want)
	}
	if out := runHelper(t, "-test.v"); !strings.Contains(out, `true "" false true ""`) {
		t.Errorf("with -test.v: %s", out)
	}
}

func TestOnlyATestThatRunsIsHeard(t *testing.T) {
	var inner, outer *testing.T
	t.Run("outer", func(t *testing.T) {
		outer = t
		t.Run("inner", func(t *testing.T) { inner = t })
		if !testfield.Heard(t) || !testfield.Heard(inner) {
			t.Error("not heard by the test around")
		}
	})
	if !testfield.Heard(outer) || !testfield.Heard(inner) {
		t.Error("not heard by the outermost test")
	}
	top := testing.T{} // as the one that is around all tests
	if testfield.Heard(&top) {
		t.Error("heard by none")
	}
}

func TestTheLastCleanUpIsAfterThoseRegisteredBefore(t *testing.T) {
	var calls []string
	t.Run("one", func(t *testing.T) {
		t.Cleanup(func() { calls = append(calls, "first registered") })
		if !testfield.AtEnd(t, func() { calls = append(calls, "at end") }) {
			t.Error("this version of Go does not let us")
		}
		t.Cleanup(func() { calls = append(calls, "last registered") })
	})
	if got, want := strings.Join(calls, ", "), "last registered, first registered, at end"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWhatIsPrintedCanBeHeard(t *testing.T) {
	if os.Getenv(helper) == "" {
		heard := `heard "TestWhatIsPrintedCanBeHeard" "    log_test.go:N: logged\n" false
heard "TestWhatIsPrintedCanBeHeard/sub" "    log_test.go:N: by a subtest\n" false
heard "TestWhatIsPrintedCanBeHeard" "    log_test.go:N: failed,\n" true
heard "TestWhatIsPrintedCanBeHeard" "        in two lines\n" true
`
		silent, out := "", runHelper(t, "-test.v")
		for line := range strings.Lines(regexp.MustCompile(`go:\d+`).ReplaceAllString(out, "go:N")) {
			if strings.HasPrefix(line, "heard") {
				silent += line
			}
		}
		if silent != heard {
			t.Errorf("%s\nwant\n%s\nof\n%s", silent, heard, out)
		}
		// Nothing else is printed, and nothing in another place.
		without := regexp.MustCompile(`heard .*\n|\d+\.\d+s`)
		heardOut := without.ReplaceAllString(out, "")
		t.Setenv(helper, "deaf")
		if deafOut := without.ReplaceAllString(runHelper(t, "-test.v"), ""); deafOut != heardOut {
			t.Errorf("with a listener:\n%s\nwithout:\n%s", heardOut, deafOut)
		}
		if out := runHelper(t, "-test.v=test2json"); strings.Count(out, "\x16--- FAIL") != 1 {
			t.Errorf("%q", out)
		}
		return
	}
	if os.Getenv(helper) != "deaf" {
		if ok := testfield.Listen(t, func(test, text string, fails bool) { fmt.Fprintf(os.Stderr, "heard %q %q %t\n", test, text, fails) }); !ok {
			t.Error("this version of Go does not let us")
		}
		testfield.Listen(t, func(string, string, bool) { t.Error("there is one listener already") })
	}
	t.Log("logged")
	t.Run("sub", func(t *testing.T) { t.Log("by a subtest") })
	t.Errorf("failed,\nin two lines")
}
