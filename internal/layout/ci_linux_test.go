// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// TestNoFailingStageGoesUnnoticed runs .ci/run with stages of its own.
func TestNoFailingStageGoesUnnoticed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".ci")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for to, from := range map[string]string{
		"run":       root + "/.ci/run",
		"lib.sh":    root + "/.ci/lib.sh",
		"stages.sh": "testdata/stages.sh",
	} {
		script, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), script, 0o755); err != nil {
			t.Fatal(err)
		}
	}

	for _, run := range []struct {
		name string
		args []string
		exit int
		has  []string
		not  string
	}{
		{
			name: "every stage", exit: 1,
			has: []string{
				`good +\d+  ok`, `status +\d+  failed \(3\)`, `middle +\d+  failed \(1\)`,
				`pipe +\d+  failed \(1\)`, `inner +\d+  failed \(1\)`, `unset +\d+  failed \(1\)`, `input +\d+  ok`,
				`good went through`, `beside +\d+  failed \(1\)`, `has run beside(.|\n)*==== input`, `==== unset failed(.|\n)*nowhere_set: unbound variable`,
			},
			not: `went on|aside`,
		},
		{name: "some", args: []string{"good", "aside"}, has: []string{`aside +\d+  ok`}, not: `status|failed`},
		{name: "one of no such name", args: []string{"good", "goo"}, exit: 2, has: []string{`no stage goo\n`, `status   fails`}, not: `went through`},
		{name: "list", args: []string{"list"}, has: []string{`good     succeeds`, `aside`}, not: `went through`},
	} {
		t.Run(run.name, func(t *testing.T) {
			out, err := exec.Command("bash", append([]string{filepath.Join(dir, "run")}, run.args...)...).CombinedOutput()
			exit := 0
			if ended, ok := errors.AsType[*exec.ExitError](err); ok {
				exit = ended.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if exit != run.exit {
				t.Errorf("exit status %d, want %d", exit, run.exit)
			}
			for _, has := range run.has {
				if !regexp.MustCompile(has).Match(out) {
					t.Errorf("nothing like %q", has)
				}
			}
			if found := regexp.MustCompile(run.not).Find(out); found != nil {
				t.Errorf("unexpected: %q", found)
			}
			if t.Failed() {
				t.Logf("%s", out)
			}
		})
	}
}
