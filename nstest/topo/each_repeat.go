// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"fmt"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/shard"
)

// loseVariable has one run of a test repeated: it has the test's name and the frame's number.
const loseVariable = "NSTEST_LOSE"

// frameToRepeat returns the number of the one frame that the environment asks for, or 0.
func frameToRepeat(test string) (frame int, err error) {
	value := os.Getenv(loseVariable)
	if value == "" {
		return 0, nil
	}
	name, number, ok := cutLast(value, ":")
	if frame, err = strconv.Atoi(number); !ok || err != nil || frame < 1 {
		return 0, fmt.Errorf("%s=%s: it must be the name of a test, a colon and the number of a frame, from 1", loseVariable, value)
	}
	asked.note(test)
	if name != test {
		return 0, nil
	}
	return frame, nil
}

// cutLast is strings.Cut at the last separator: the name of a subtest may have one.
func cutLast(s, separator string) (before, after string, found bool) {
	at := strings.LastIndex(s, separator)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(separator):], true
}

// asked has the tests that have looked for their name in the environment.
var asked askedTests

type askedTests struct {
	sync.Mutex
	tests []string
}

func (a *askedTests) note(test string) {
	a.Lock()
	defer a.Unlock()
	if a.tests == nil {
		lifecycle.AfterTests(a.check)
	}
	a.tests = append(a.tests, test)
}

// check fails a run that was to repeat something and has not. Another shard may have done so.
func (a *askedTests) check() error {
	a.Lock()
	defer a.Unlock()
	value := os.Getenv(loseVariable)
	name, _, _ := cutLast(value, ":")
	if slices.Contains(a.tests, name) || shard.IsShard() {
		return nil
	}
	slices.Sort(a.tests)
	return fmt.Errorf("topo: %s=%s has repeated nothing: no test of that name has called LoseEach or Each; those that have are %s",
		loseVariable, value, strings.Join(slices.Compact(a.tests), ", "))
}

// lineToRepeat is what repeats one run when it is typed into a shell.
func lineToRepeat(test, number string) string {
	return fmt.Sprintf("%s=%s go test -run %s%s", loseVariable, quoted(test+":"+number), quoted(pattern(test)), testedPackage())
}

// pattern is for -run.
func pattern(test string) string {
	parts := strings.Split(test, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}

// plain is what a shell takes as it is.
var plain = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w:./-]+$`) })

// quoted returns a word as a shell takes it.
func quoted(word string) string {
	if plain().MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// testedPackage returns the import path of the package whose tests run, after a space, if Go knows it.
func testedPackage() string {
	info, ok := debug.ReadBuildInfo()
	path, isTest := strings.CutSuffix(info.Path, ".test")
	if !ok || !isTest {
		return ""
	}
	return " " + path
}
