// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFilesAreThoseOfTheRuns compares with testdata, which "go run .. < runs.txt" writes
// anew when it is run there.
func TestFilesAreThoseOfTheRuns(t *testing.T) {
	want := map[string][]byte{"RESULTS.md": nil, "results.svg": nil}
	for name := range want {
		want[name] = file(t, filepath.Join("testdata", name))
	}
	runs := file(t, "testdata/runs.txt")
	t.Chdir(t.TempDir())
	if err := run(bytes.NewReader(runs), nil); err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		if got := file(t, name); !bytes.Equal(got, text) {
			t.Errorf("%s is\n%s\nexpected\n%s", name, got, text)
		}
	}
}

func TestNothingIsWrittenOfIncompleteRuns(t *testing.T) {
	runs := string(file(t, "testdata/runs.txt"))
	without := func(n int) string {
		return regexp.MustCompile(`BenchmarkAction/who=floor-2.*\n`).ReplaceAllStringFunc(runs, func(line string) string {
			if n--; n >= 0 {
				return ""
			}
			return line
		})
	}
	for name, c := range map[string]struct{ in, err string }{
		"nothing":          {"", "no benchmark in what was read"},
		"one value is not": {without(1), "Action/who=floor has 1 values of sec/op, expected one of each of 2 runs"},
		"no value is":      {without(2), "Action/who=floor has 0 values of sec/op, expected one of each of 2 runs"},
		"a line is broken": {strings.Replace(runs, "BenchmarkMake/who=gonso-2", "BenchmarkMake/who=gonso-2 x", 1), "standard input:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := run(strings.NewReader(c.in), nil); err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v, expected %q", err, c.err)
			}
			if files, err := os.ReadDir("."); err != nil || len(files) > 0 {
				t.Errorf("written: %v (%v)", files, err)
			}
		})
	}
}

func TestTargetsAreJudgedByMediansOfRatios(t *testing.T) {
	r := &runs{values: map[key][]float64{
		{"X/who=gonso", "sec/op"}: {10, 12, 30},
		{"X/who=floor", "sec/op"}: {10, 10, 10},
		{"X/who=peer", "sec/op"}:  {40, 24, 60},
	}}
	for _, c := range []struct {
		target target
		met    bool
	}{
		{target{"floor", 1.2}, true}, {target{"floor", 1.1}, false},
		{target{"peer", 2}, true}, {target{"peer", 2.1}, false},
		{target{"", 12}, true}, {target{"", 11}, false},
	} {
		l, err := work{bench: "X", floor: "floor", peers: []string{"peer"}, targets: []target{c.target}}.judge(r)
		if err != nil {
			t.Fatal(err)
		}
		if len(l.goals) != 1 || l.goals[0].met != c.met {
			t.Errorf("%+v: %+v, expected met to be %v", c.target, l.goals, c.met)
		}
	}
}

func file(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
