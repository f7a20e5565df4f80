// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/shard"
)

// frameToRepeat returns the number of the one frame that the environment asks for, or 0.
func frameToRepeat(test string) (frame int, err error) {
	name, frame, err := impair.Lost()
	if name == "" || err != nil {
		return 0, err
	}
	asked.note(test)
	if name != test {
		return 0, nil
	}
	return frame, nil
}

// asked has the tests that have looked for their name in the environment.
var asked askedTests

type askedTests struct {
	sync.Mutex
	checked bool // at the end of the run
	tests   []string
}

func (a *askedTests) note(test string) {
	a.Lock()
	defer a.Unlock()
	a.begin()
	a.tests = append(a.tests, test)
}

func (a *askedTests) begin() {
	if !a.checked {
		a.checked = true
		lifecycle.AfterTests(a.check)
	}
}

// expect is told of each test that has a network. The one that the environment names is to ask for it; a run in which no test has
// that name, and none asks, may be that of another package.
func (a *askedTests) expect(test string) {
	if name, _, err := impair.Lost(); err != nil || name != test {
		return
	}
	a.Lock()
	defer a.Unlock()
	a.begin()
}

// check fails a run that was to repeat something and has not. Another shard may have done so.
func (a *askedTests) check() error {
	a.Lock()
	defer a.Unlock()
	name, frame, err := impair.Lost()
	if err != nil {
		return err
	}
	if slices.Contains(a.tests, name) || shard.IsShard() {
		return nil
	}
	err = fmt.Errorf("topo: %s=%s:%d has repeated nothing: no test of that name has called LoseEach or Each", impair.LoseVariable, name, frame)
	if len(a.tests) > 0 {
		slices.Sort(a.tests)
		err = fmt.Errorf("%w; those that have are %s", err, strings.Join(slices.Compact(a.tests), ", "))
	}
	return err
}

// lineToRepeat is what repeats one run when it is typed into a shell.
func lineToRepeat(test, number string) string {
	return fmt.Sprintf("%s=%s go test -run %s%s", impair.LoseVariable, quoted(test+":"+number), quoted(pattern(test)), testedPackage())
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
