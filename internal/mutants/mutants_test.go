// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// samples are guards of testdata/module.
func samples(t *testing.T, names ...string) []guard {
	t.Helper()
	guards, err := load("testdata")
	if err == nil {
		guards, err = choose(guards, false, names)
	}
	if err != nil {
		t.Fatal(err)
	}
	return guards
}

// run returns what a runner prints, and its error.
func run(t *testing.T, timeout time.Duration, guards []guard) (out, err string) {
	t.Helper()
	var text strings.Builder
	r := &runner{root: "testdata/module", timeout: timeout, out: &text}
	if e := r.run(t.Context(), guards); e != nil {
		err = e.Error()
	}
	return text.String(), err
}

func TestVerdicts(t *testing.T) {
	before := module(t)
	verdicts := map[string]string{
		"seen":            "TestAtMostTen/more",
		"seen-by-regexp":  "TestAtMostTen/more",
		"survivor":        "NOT SEEN: survived",
		"other-reason":    `NOT SEEN: failed, but does not say "got 11" but`,
		"no-build":        "NOT SEEN: does not build",
		"skipped":         "NOT SEEN: the test was skipped",
		"crash":           "NOT SEEN: the program ended, not just a test",
		"crash-elsewhere": "NOT SEEN: no test failed, but the program did",
		"hang":            "NOT SEEN: took too long",
	}
	for _, g := range samples(t) {
		want, ok := verdicts[g.name]
		if !ok {
			t.Fatalf("what is to come of %s?", g.name)
		}
		timeout := time.Minute
		if g.name == "hang" {
			timeout = time.Second
		}
		out, err := run(t, timeout, []guard{g})
		line, _, _ := strings.Cut(out, "\n")
		if !regexp.MustCompile(`^` + g.name + ` +guarded\.go:\d+ +\d+\.\d s  ` + regexp.QuoteMeta(want) + `$`).MatchString(line) {
			t.Errorf("%q, want %s %s", line, g.name, want)
		}
		if unseen := strings.HasPrefix(want, "NOT SEEN"); unseen != strings.Contains(err, g.name+" (guarded.go:") ||
			unseen != strings.Contains(err, "which protects what is at most ten: ") {
			t.Errorf("%s: %s", g.name, err)
		}
	}
	if after := module(t); after != before {
		t.Errorf("the module was\n%s\nand now is\n%s", before, after)
	}
}

// module is all that is in testdata/module.
func module(t *testing.T) (all string) {
	t.Helper()
	files, err := os.ReadDir("testdata/module")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join("testdata/module", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all += f.Name() + ":\n" + string(text)
	}
	return all
}

func TestSurvivorsAreCounted(t *testing.T) {
	out, err := run(t, time.Minute, samples(t, "s"))
	if !strings.HasSuffix(out, "\n4 guards, 2 seen\n") || !strings.Contains(err, "survivor (guarded.go:8), which protects what is at most ten: survived") {
		t.Errorf("%s\n%s", out, err)
	}
}

// With a test that fails anyway, or that is not there, nothing could be shown.
func TestTestsPassWithTheGuardsInPlace(t *testing.T) {
	for _, name := range []string{"TestThatFails", "TestThatIsNotThere"} {
		g := samples(t, "survivor")[0]
		g.run = name
		out, err := run(t, time.Minute, []guard{g})
		if out != "" || !strings.Contains(err, "with all guards in place, "+name+" of . does not pass") {
			t.Errorf("%s: %s\n%s", name, out, err)
		}
	}
}

func TestGuardsAreFoundOnceOrNotAtAll(t *testing.T) {
	for find, want := range map[string]string{
		"if n > 11 {":     "guard seen is in guarded.go 0 times, want once",
		"n += n":          "guard seen is in guarded.go 2 times, want once",
		"if false {":      "",
		"n += n\nn += n":  "",
		"n += n\n+= n":    "guard seen is in guarded.go 0 times, want once",
		"return n / 2\n}": "",
	} {
		g := samples(t, "seen")[0]
		g.find = strings.Split(find, "\n")
		src, err := os.ReadFile("testdata/module/guarded.go")
		if err != nil {
			t.Fatal(err)
		}
		if find == "if false {" {
			src = bytes.ReplaceAll(src, []byte("n > 10"), []byte("false"))
			want = "guard seen is replaced by itself"
		}
		_, _, err = g.takeOut(src)
		if got := text(err); got != want && !(want != "" && strings.HasPrefix(got, want)) {
			t.Errorf("%q: %q, want %q", find, got, want)
		}
	}
	g := samples(t, "seen")[0]
	g.find = []string{"not there"}
	if out, err := run(t, time.Minute, []guard{g}); out != "" || !strings.Contains(err, "guard seen is in guarded.go 0 times") {
		t.Errorf("a run: %s\n%s", out, err)
	}
}

func TestGuardIsTakenOutOnce(t *testing.T) {
	guards := samples(t, "survivor", "other-reason")
	twin := guards[0]
	twin.name = "twin"
	_, err := (&runner{root: "testdata/module"}).mutate(append(guards, twin))
	if want := "guard twin takes out the same as survivor"; text(err) != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestListsThatMakeNoSense(t *testing.T) {
	const whole = "guard x\nprotects x\nfile x\nfind x\ntest . TestX\n"
	for list, want := range map[string]string{
		"find x\nguard x\n":               `"find x" before the first guard`,
		whole + "color red\n":             "guard x: color: there is no such key",
		whole + "says (\n":                "guard x: says: error parsing regexp",
		whole + "match x\n":               "guard x needs",
		"guard x\nprotects x\nfile x\n":   "guard x needs",
		whole + "# a note\n\nguard y\n":   "guard y needs",
		"guard x\nfile x\nfind x\ntest a": "guard x needs",
		whole + "file y\n":                "guard x: file: is there twice",
		whole + "replace y\nfind y\n":     "guard x: find: is there twice",
	} {
		if _, err := parse(list); !strings.HasPrefix(text(err), want) {
			t.Errorf("%q: %v, want %s", list, err, want)
		}
	}
	dir := t.TempDir()
	if _, err := load(dir); err == nil {
		t.Error("a folder without a list is taken for one")
	}
	for _, name := range []string{"a.txt", "b.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(whole), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := load(dir); !strings.Contains(text(err), "two guards x") {
		t.Errorf("two guards of one name: %v", err)
	}
	if _, err := choose(nil, false, []string{"none"}); err == nil {
		t.Error("a guard that is not there can be chosen")
	}
}

// The guards of this module are where the list says, and so are their tests. Whether
// the tests see a guard missing is for a run of this command to say.
func TestGuardsOfThisModule(t *testing.T) {
	const root = "../.."
	guards, err := load("guards")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&runner{root: root}).mutate(guards); err != nil {
		t.Error(err)
	}
	tests := map[string]map[string]bool{}
	for _, g := range guards {
		if tests[g.pkg] == nil {
			tests[g.pkg] = testsIn(t, filepath.Join(root, g.pkg))
		}
		for _, name := range g.tests() {
			if !tests[g.pkg][name] {
				t.Errorf("guard %s: there is no %s in %s", g.name, name, g.pkg)
			}
		}
	}
}

func testsIn(t *testing.T, dir string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}
