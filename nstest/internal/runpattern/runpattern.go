// SPDX-License-Identifier: Apache-2.0

// Package runpattern reads what -test.run says, and writes it anew for a part of the tests.
package runpattern

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// nothing is a pattern that no test matches.
const nothing = "^$"

// A Pattern is what -test.run says: the alternatives, each with a regular expression for each element of a test's name.
// Package testing splits it at slashes and vertical bars that are outside of brackets (matchers of testing/match.go).
type Pattern [][]*regexp.Regexp

// Parse reads the value of -test.run.
func Parse(run string) (Pattern, error) {
	p := Pattern{nil}
	add := func(element string) error {
		re, err := regexp.Compile(rewrite(element))
		if err != nil {
			return fmt.Errorf("-test.run=%s: %w", run, err)
		}
		p[len(p)-1] = append(p[len(p)-1], re)
		return nil
	}
	start, brackets, parentheses := 0, 0, 0
	for i := 0; i < len(run); i++ {
		switch c := run[i]; {
		case c == '\\':
			i++
		case c == '[':
			brackets++
		case c == ']':
			brackets = max(brackets-1, 0) // one that ends nothing is legal
		case brackets > 0:
		case c == '(':
			parentheses++
		case c == ')':
			parentheses--
		case parentheses == 0 && (c == '/' || c == '|'):
			if err := add(run[start:i]); err != nil {
				return nil, err
			}
			start = i + 1
			if c == '|' {
				p = append(p, nil)
			}
		}
	}
	return p, add(run[start:])
}

// rewrite is what package testing does to patterns, as it does to names of subtests.
func rewrite(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			b.WriteByte('_')
		case !strconv.IsPrint(r):
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Functions returns the pattern of what p matches of the test functions in names, and of their subtests.
func (p Pattern) Functions(names []string) string {
	var alternatives []string
	for _, elements := range p {
		var quoted []string
		for _, name := range names {
			if elements[0].MatchString(name) {
				quoted = append(quoted, regexp.QuoteMeta(name))
			}
		}
		if len(quoted) > 0 {
			alternatives = append(alternatives, join("^("+strings.Join(quoted, "|")+")$", elements[1:]))
		}
	}
	return anyOf(alternatives)
}

// Matches reports whether p matches a test function, or subtests of it.
func (p Pattern) Matches(name string) bool { return p.Functions([]string{name}) != nothing }

// Below returns the pattern of the test with this full name alone, and of what p matches of the subtests below it.
func (p Pattern) Below(name string) string {
	names := strings.Split(name, "/")
	only := make([]string, len(names))
	for i, name := range names {
		only[i] = "^" + regexp.QuoteMeta(name) + "$"
	}
	var alternatives []string
	for _, elements := range p {
		if leadsTo(elements, names) {
			below := elements[min(len(elements), len(names)):]
			alternatives = append(alternatives, join(strings.Join(only, "/"), below))
		}
	}
	return anyOf(alternatives)
}

// leadsTo reports whether the elements match a test with these names, or subtests of it.
func leadsTo(elements []*regexp.Regexp, names []string) bool {
	for i, element := range elements[:min(len(elements), len(names))] {
		if !element.MatchString(names[i]) {
			return false
		}
	}
	return true
}

func join(pattern string, elements []*regexp.Regexp) string {
	for _, element := range elements {
		pattern += "/" + element.String()
	}
	return pattern
}

func anyOf(alternatives []string) string {
	if len(alternatives) == 0 {
		return nothing
	}
	return strings.Join(alternatives, "|")
}
