// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	gonso "github.com/seed-1bc5c4a2/gonso/cmd/gonso"
)

// TestMain puts a program gonso in PATH, which is this test binary.
func TestMain(m *testing.M) {
	// A program with the race detector otherwise takes a second to end
	// (go.dev/doc/articles/race_detector); these are hundreds.
	if os.Getenv("GORACE") == "" {
		if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
			panic(err)
		}
	}
	testscript.Main(m, map[string]func(){"gonso": gonso.Main, "listener": listen, "keeper": keep})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"HOME", "GOCACHE", "GOMODCACHE", "GOFLAGS", "GORACE"} {
				if value, ok := os.LookupEnv(name); ok {
					env.Setenv(name, value)
				}
			}
			repository, err := filepath.Abs("../..")
			env.Setenv("REPO", repository)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "lines": lines},
	})
}

// exits runs a program that must end with a given status: exits 3 program argument...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits status program argument...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// lines counts the lines of what the last program printed: lines stderr 1.
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines stdout|stderr count")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	if got := strings.Count(ts.ReadFile(args[0]), "\n"); got != want {
		ts.Fatalf("%s has %d lines, want %d", args[0], got, want)
	}
}

// TestEveryVerbHasAScript and every script a verb.
func TestEveryVerbHasAScript(t *testing.T) {
	out, err := exec.Command("gonso", "help").Output()
	if err != nil {
		t.Fatal(err)
	}
	verbs := map[string]bool{}
	last := ""
	for _, match := range regexp.MustCompile(`(?m)^  gonso (\w+) `).FindAllStringSubmatch(string(out), -1) {
		if match[1] <= last {
			t.Errorf("%s stands after %s: verbs are sorted", match[1], last)
		}
		last = match[1]
		verbs[last] = true
	}
	if len(verbs) == 0 {
		t.Fatalf("no verbs in:\n%s", out)
	}
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	scripted := map[string]bool{}
	for _, script := range scripts {
		verb, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(script), ".txtar"), "_")
		scripted[verb] = true
		if !verbs[verb] {
			t.Errorf("%s is about no verb", script)
		}
	}
	for verb := range verbs {
		if !scripted[verb] {
			t.Errorf("testdata/script has no script for the verb %s", verb)
		}
	}
}
