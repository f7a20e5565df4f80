// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// An event is a line of 'go test -json' (go doc test2json).
type event struct {
	Action  string
	Package string // none if it is about a build
	Test    string // none if it is about the package
	Output  string
}

// A suite is a package with the tests that have begun to run in it.
type suite struct {
	name, said string
	tests      []*test
	ended      bool
}

type test struct{ name, heading, said, action string }

// A run is what has been heard of all packages.
type run struct {
	suites map[string]*suite
	failed bool
	skips  string // each with its reason
}

// judge reports whether all that was begun has ended, and nothing of it was skipped
// or failed.
func judge(in io.Reader, out io.Writer) (good bool, err error) {
	r := run{suites: map[string]*suite{}}
	for lines := bufio.NewReader(in); err == nil; {
		var line []byte
		line, err = lines.ReadBytes('\n')
		if _, err := io.WriteString(out, r.take(line)); err != nil {
			return false, err
		}
	}
	if !errors.Is(err, io.EOF) {
		return false, err
	}
	_, err = io.WriteString(out, r.end())
	return !r.failed, err
}

// take takes a line and returns what there is to say. A line that is no event comes
// from the command that ran 'go test'.
func (r *run) take(line []byte) string {
	var e event
	if json.Unmarshal(line, &e) != nil || e.Action == "" {
		return string(line)
	}
	r.failed = r.failed || e.Action == "fail"
	if e.Package == "" {
		return e.Output
	}
	s := r.suites[e.Package]
	if s == nil {
		s = &suite{name: e.Package}
		r.suites[e.Package] = s
	}
	said := s.take(e)
	if e.Test != "" && e.Action == "skip" {
		r.skips += fmt.Sprintf("%s %s\n%s\n", e.Package, e.Test, strings.TrimSuffix(s.test(e.Test).said, "\n"))
	}
	return said
}

// end returns what there is to say when no more lines come.
func (r *run) end() (said string) {
	for _, name := range slices.Sorted(maps.Keys(r.suites)) {
		if s := r.suites[name]; !s.ended {
			r.failed = true
			said += fmt.Sprintf("%sFAIL\t%s\tit did not end\n", s.failure(), name)
		}
	}
	if r.skips != "" {
		r.failed = true
		said += fmt.Sprintf("\nskipped, which is a failure here:\n%s", r.skips)
	}
	if r.failed {
		said += "FAIL\n"
	}
	return said
}

// take takes an event and returns what there is to say about the package: when it
// has ended, the line with its verdict.
func (s *suite) take(e event) string {
	t := &test{}
	if e.Test != "" {
		t = s.test(e.Test)
	}
	switch e.Action {
	case "output":
		s.hear(t, e.Output)
	case "pass", "fail", "skip":
		t.action = e.Action
		if e.Test != "" {
			break
		}
		s.ended = true
		if e.Action == "fail" {
			return s.failure()
		}
		return s.said[strings.LastIndex(strings.TrimSuffix(s.said, "\n"), "\n")+1:]
	}
	return ""
}

// hear keeps what is said. After its heading, which comes last, a test has
// nothing to say: that is somebody else's, for example the trace of a panic.
func (s *suite) hear(t *test, said string) {
	switch {
	case strings.HasPrefix(said, "=== "):
	case t.name == "" || t.heading != "":
		s.said += said
	case strings.HasPrefix(strings.TrimLeft(said, " "), "--- ") && strings.Contains(said, ": "+t.name+" ("):
		t.heading = said
	default:
		t.said += said
	}
}

// test finds a test, which most likely is the last that was heard of.
func (s *suite) test(name string) *test {
	for _, t := range slices.Backward(s.tests) {
		if t.name == name {
			return t
		}
	}
	t := &test{name: name}
	s.tests = append(s.tests, t)
	return t
}

// failure is what the package and those of its tests said that did not pass.
func (s *suite) failure() string {
	var text strings.Builder
	for _, t := range s.tests {
		switch t.action {
		case "pass", "skip":
		case "fail":
			text.WriteString(t.heading + t.said)
		default:
			fmt.Fprintf(&text, "--- did not end: %s\n%s", t.name, t.said)
		}
	}
	return text.String() + s.said
}
