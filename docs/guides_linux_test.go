// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestGuides(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	for _, page := range pages {
		steps, err := read(page)
		if err != nil {
			t.Fatal(err)
		}
		if len(steps) == 0 {
			continue
		}
		done++
		t.Run(page, func(t *testing.T) {
			dir := newModule(t)
			for _, s := range steps {
				if err := s.do(dir); err != nil {
					t.Fatalf("%s:%d: %v", page, s.line, err)
				}
			}
		})
	}
	if done == 0 {
		t.Fatalf("no guide of %q has steps", pages)
	}
}

// A step is a code block of a page.
type step struct {
	line int
	file string // "" for commands
	text string
}

var fence = regexp.MustCompile("^```(go|sh)(?: (\\S+))?$")

// read returns the steps of a page.
func read(page string) (steps []step, err error) {
	data, err := os.ReadFile(page)
	if err != nil {
		return nil, err
	}
	var now *step
	for i, line := range strings.SplitAfter(string(data), "\n") {
		switch match := fence.FindStringSubmatch(strings.TrimSuffix(line, "\n")); {
		case now != nil && line == "```\n":
			steps = append(steps, *now)
			now = nil
		case now != nil:
			now.text += line
		case match != nil && (match[2] != "" || match[1] == "sh"):
			now = &step{line: i + 1, file: match[2]}
		}
	}
	return steps, nil
}

func (s *step) do(dir string) error {
	if s.file != "" {
		return os.WriteFile(filepath.Join(dir, s.file), []byte(s.text), 0o666)
	}
	cmd := exec.Command("sh", "-eux")
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(s.text)
	// Modules are those that this one needs.
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOSUMDB=off", "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// newModule makes a module that requires this one.
func newModule(t *testing.T) (dir string) {
	t.Helper()
	here, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	const ours = "github.com/seed-1bc5c4a2/gonso"
	text := fmt.Sprintf("module example.org/guide\n\ngo 1.26\n\nrequire %s v0.0.0\n\nreplace %[1]s => %s\n", ours, here)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}
