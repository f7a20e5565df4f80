// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A record is what the folder api holds: what packages export, and what has been broken since
// the last release.
type record struct {
	has    surface
	broken surface
}

const (
	folder    = "api"
	broken    = "broken.txt"
	changelog = "CHANGELOG.md"
)

// readRecord reads the record in a module. One that has none exported nothing.
func readRecord(module fs.FS) (r record, err error) {
	r = record{has: surface{}, broken: surface{}}
	err = fs.WalkDir(module, folder, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(module, name)
		if err != nil {
			return err
		}
		if path.Base(name) == broken {
			return r.readBroken(string(text))
		}
		pkg := strings.TrimSuffix(strings.TrimPrefix(name, folder+"/"), ".txt")
		r.has[pkg] = strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return r, err
}

// readBroken reads lines of a package, a colon and what it exported.
func (r record) readBroken(text string) error {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		pkg, what, ok := strings.Cut(line, ": ")
		if !ok {
			return fmt.Errorf("%s/%s: no package in %q", folder, broken, line)
		}
		r.broken[pkg] = append(r.broken[pkg], what)
	}
	return nil
}

// renewed is the record of what there is now, if r was the one before.
func (r record) renewed(now surface) record {
	lost := surface{}
	for pkg := range union(r.has, r.broken) {
		gone := slices.Concat(r.broken[pkg], r.has[pkg])
		slices.Sort(gone)
		if gone = without(slices.Compact(gone), now[pkg]); len(gone) > 0 {
			lost[pkg] = gone
		}
	}
	return record{has: now, broken: lost}
}

func (r record) write(root string) error {
	dir := filepath.Join(root, folder)
	errs := []error{os.RemoveAll(dir)}
	write := func(name string, lines []string) {
		path := filepath.Join(dir, name)
		errs = append(errs, os.MkdirAll(filepath.Dir(path), 0o777))
		errs = append(errs, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o666))
	}
	for pkg, lines := range r.has {
		write(pkg+".txt", lines)
	}
	var lines []string
	for _, pkg := range slices.Sorted(maps.Keys(r.broken)) {
		for _, line := range r.broken[pkg] {
			lines = append(lines, pkg+": "+line)
		}
	}
	if len(lines) > 0 {
		write(broken, lines)
	}
	return errors.Join(errs...)
}

// differs says where the record is not what there is now, after the one before.
func (r record) differs(now surface, before record) (wrong []string) {
	for _, pkg := range slices.Sorted(maps.Keys(union(r.has, now))) {
		for _, line := range without(now[pkg], r.has[pkg]) {
			wrong = append(wrong, fmt.Sprintf("%s/%s.txt: it lacks %q, which is new: make api adds it", folder, pkg, line))
		}
		for _, line := range without(r.has[pkg], now[pkg]) {
			wrong = append(wrong, fmt.Sprintf("%s/%s.txt: %q is no longer exported, which breaks programs: make api notes it", folder, pkg, line))
		}
	}
	lost := before.renewed(now).broken
	for _, pkg := range slices.Sorted(maps.Keys(lost)) {
		for _, line := range without(lost[pkg], append(r.broken[pkg], r.has[pkg]...)) {
			wrong = append(wrong, fmt.Sprintf("%s/%s: it lacks \"%s: %s\": make api notes it", folder, broken, pkg, line))
		}
	}
	return wrong
}

// unnamed says what has been broken without a word in the changelog. A type that is gone
// speaks for its methods and fields.
func (r record) unnamed(now surface, unreleased string) (wrong []string) {
	for _, pkg := range slices.Sorted(maps.Keys(r.broken)) {
		for _, line := range r.broken[pkg] {
			name := nameIn(line)
			if owner, _, member := strings.Cut(name, "."); member && !hasType(now[pkg], owner) {
				name = owner
			}
			if !strings.Contains(name, ".") {
				name = pkg[strings.LastIndex(pkg, "/")+1:] + "." + name
			}
			if !regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(unreleased) {
				wrong = append(wrong, fmt.Sprintf("%s: %q of %s is broken, and nothing under \"Unreleased\" names %s", changelog, line, pkg, name))
			}
		}
	}
	return wrong
}

var named = regexp.MustCompile(`^(?:(?:const|var|func|type) (\w+)|method \(\*?(\w+)\) (\w+)|field (\w+)\.(\w+))`)

// nameIn is the name in a line: that of a package's function, type or variable, or Type.Member.
func nameIn(line string) string {
	m := named.FindStringSubmatch(line)
	if m == nil {
		return line
	}
	return strings.Trim(strings.Join(m[1:2], "")+"."+m[2]+m[4]+"."+m[3]+m[5], ".")
}

func hasType(lines []string, name string) bool {
	return slices.ContainsFunc(lines, func(line string) bool {
		return strings.HasPrefix(line, "type ") && nameIn(line) == name
	})
}

// readUnreleased returns the changelog's part of that name.
func readUnreleased(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, changelog))
	if err != nil {
		return "", err
	}
	_, after, ok := strings.Cut(string(text), "\n## Unreleased\n")
	if !ok {
		return "", fmt.Errorf("%s: there is no part named Unreleased", changelog)
	}
	part, _, _ := strings.Cut(after, "\n## ")
	return part, nil
}

// union has the packages of both.
func union(a, b surface) surface {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// without returns those of the lines that are not among others.
func without(lines, others []string) (rest []string) {
	for _, line := range lines {
		if !slices.Contains(others, line) {
			rest = append(rest, line)
		}
	}
	return rest
}
