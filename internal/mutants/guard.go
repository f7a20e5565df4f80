// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A guard is a piece of a file whose loss a test has to see.
type guard struct {
	name     string
	protects string // what is lost without it
	file     string // from the top of the module
	find     []string
	match    string
	replace  []string
	pkg, run string // the test
	env      []string
	says     *regexp.Regexp // in the output of the test, nil for anything
	short    bool
}

// load reads the guards of all files in a folder.
func load(dir string) (guards []guard, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no *.txt in %s", dir)
	}
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		more, err := parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, g := range more {
			if names[g.name] {
				return nil, fmt.Errorf("%s: there are two guards %s", file, g.name)
			}
			names[g.name] = true
		}
		guards = append(guards, more...)
	}
	return guards, nil
}

// listed are the keys that may have several lines.
var listed = []string{"find", "replace", "env"}

func parse(text string) (guards []guard, err error) {
	var seen []string // keys of the last guard
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, _ := strings.Cut(line, " ")
		value = strings.TrimSpace(value)
		if key == "guard" {
			guards, seen = append(guards, guard{name: value}), nil
			continue
		}
		if len(guards) == 0 {
			return nil, fmt.Errorf("%q before the first guard", line)
		}
		g := &guards[len(guards)-1]
		if err := errors.Join(g.set(key, value), twice(key, seen)); err != nil {
			return nil, fmt.Errorf("guard %s: %s: %w", g.name, key, err)
		}
		seen = append(seen, key)
	}
	for _, g := range guards {
		if !g.complete() {
			return nil, fmt.Errorf("guard %s needs protects, file, find or match, and test", g.name)
		}
	}
	return guards, nil
}

// twice is an error if a key was seen and has only one line. Lines of find and of replace stand
// together. What does not is two changes that were merged into one.
func twice(key string, seen []string) error {
	if !slices.Contains(seen, key) || slices.Contains(listed, key) && seen[len(seen)-1] == key {
		return nil
	}
	return errors.New("is there twice")
}

func (g *guard) complete() bool {
	return !slices.Contains([]string{g.name, g.protects, g.file, g.run}, "") && (len(g.find) == 0) != (g.match == "")
}

func (g *guard) set(key, value string) (err error) {
	switch key {
	case "protects":
		g.protects = value
	case "file":
		g.file = value
	case "find":
		g.find = append(g.find, value)
	case "match":
		g.match = value
	case "replace":
		g.replace = append(g.replace, value)
	case "test":
		g.pkg, g.run, _ = strings.Cut(value, " ")
		g.run = strings.TrimSpace(g.run)
	case "env":
		g.env = append(g.env, value)
	case "says":
		g.says, err = regexp.Compile(value)
	case "short":
		g.short = true
	default:
		err = errors.New("there is no such key")
	}
	return err
}

// pattern matches the guard in its file.
func (g *guard) pattern() (*regexp.Regexp, error) {
	if g.match != "" {
		return regexp.Compile("(?m)" + g.match)
	}
	var lines []string
	for _, line := range g.find {
		lines = append(lines, regexp.QuoteMeta(line))
	}
	return regexp.Compile(strings.Join(lines, `\n[ \t]*`))
}

// takeOut returns the file without the guard, and the line where that was.
func (g *guard) takeOut(src []byte) (mutant []byte, line int, err error) {
	pattern, err := g.pattern()
	if err != nil {
		return nil, 0, fmt.Errorf("guard %s: %w", g.name, err)
	}
	found := pattern.FindAllSubmatchIndex(src, -1)
	if len(found) != 1 {
		return nil, 0, fmt.Errorf("guard %s is in %s %d times, want once: %s", g.name, g.file, len(found), pattern)
	}
	at := found[0]
	replace := []byte(strings.Join(g.replace, "\n"))
	if g.match != "" {
		replace = pattern.Expand(nil, replace, src, at)
	}
	mutant = append(append(bytes.Clone(src[:at[0]]), replace...), src[at[1]:]...)
	if bytes.Equal(mutant, src) {
		return nil, 0, fmt.Errorf("guard %s is replaced by itself", g.name)
	}
	return mutant, 1 + bytes.Count(src[:at[0]], []byte("\n")), nil
}

// tests returns the names of the tests, without their subtests.
func (g *guard) tests() (names []string) {
	for path := range strings.SplitSeq(g.run, "|") {
		name, _, _ := strings.Cut(path, "/")
		names = append(names, name)
	}
	return names
}

// runPattern is the test as go test's -run wants it.
func (g *guard) runPattern() string {
	var tests []string
	for path := range strings.SplitSeq(g.run, "|") {
		steps := strings.Split(path, "/")
		for i, step := range steps {
			steps[i] = "^" + regexp.QuoteMeta(step) + "$"
		}
		tests = append(tests, strings.Join(steps, "/"))
	}
	return strings.Join(tests, "|")
}
