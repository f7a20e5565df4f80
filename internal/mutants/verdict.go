// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A report is what 'go test -json' said of one package.
type report struct {
	output                  strings.Builder
	passed, failed, skipped []string // the tests that ended so
	built, ended, good      bool     // whether the package did so
}

func read(stdout []byte) *report {
	r := &report{built: true, ended: true, good: true}
	for line := range strings.Lines(string(stdout)) {
		var e struct{ Action, Test, Output, FailedBuild string }
		if json.Unmarshal([]byte(line), &e) != nil {
			e.Output = line
		}
		r.output.WriteString(e.Output)
		if e.Action == "build-fail" || e.FailedBuild != "" {
			r.built = false
		}
		switch {
		case e.Test == "":
			r.good = r.good && e.Action != "fail"
		case e.Action == "pass":
			r.passed = append(r.passed, e.Test)
		case e.Action == "fail":
			r.failed = append(r.failed, e.Test)
		case e.Action == "skip":
			r.skipped = append(r.skipped, e.Test)
		}
	}
	return r
}

// What testing prints when a test took too long, and at the end of tests of which some
// failed: not if one has ended the program, as a panic does.
var (
	tookTooLong = regexp.MustCompile(`(?m)^panic: test timed out after`)
	testsFailed = regexp.MustCompile(`(?m)^FAIL$`)
)

// seenBy returns the tests that have seen that a guard is missing, innermost only, or
// says why the report does not show that.
func (r *report) seenBy(says *regexp.Regexp) (tests []string, why string) {
	output := r.output.String()
	switch {
	case !r.built:
		return nil, "does not build\n" + output
	case !r.ended || tookTooLong.MatchString(output):
		return nil, "took too long\n" + output
	case len(r.failed) == 0 && !r.good:
		return nil, "no test failed, but the program did\n" + output
	case len(r.failed) == 0 && len(r.passed) > 0:
		return nil, "survived"
	case len(r.failed) == 0 && len(r.skipped) > 0:
		return nil, "the test was skipped"
	case len(r.failed) == 0:
		return nil, "there is no such test"
	case !testsFailed.MatchString(output):
		return nil, "the program ended, not just a test\n" + output
	case says != nil && !says.MatchString(output):
		return nil, fmt.Sprintf("failed, but does not say %q but\n%s", says, output)
	}
	for _, test := range r.failed {
		if !slices.ContainsFunc(r.failed, func(other string) bool { return strings.HasPrefix(other, test+"/") }) {
			tests = append(tests, test)
		}
	}
	return tests, ""
}
