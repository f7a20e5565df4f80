// SPDX-License-Identifier: Apache-2.0

// Package replay repeats the tests of another process in this one: it reads what that process prints
// (-test.v=test2json), and gives each test its log and its result, in a subtest of the same name.
package replay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/reexec"
)

// A Replay gives the output of a child to the tests that it is about.
type Replay struct {
	root         *subtest
	subtests     map[string]*subtest // those that have begun, by full name
	current      *subtest            // nil: the output is of no test that is replayed
	unattributed bytes.Buffer        // output of no test

	artifacts map[string]string // the folders of the tests around, as they are called here
	names     []string          // and before each of them what the process calls it
}

// A subtest is a test in the child.
type subtest struct {
	name    string
	result  string
	t       *testing.T         // the test here, for the root, whose actions are replayed as they come
	actions []func(*testing.T) // what is to be replayed, for the others
}

func (s *subtest) replay(action func(*testing.T)) {
	if s.t != nil {
		action(s.t)
	} else {
		s.actions = append(s.actions, action)
	}
}

// New begins a replay of the child's test with the name of t, and those below it, in t. The tests around t
// have the given artifact folders in this process, by name.
func New(t *testing.T, artifacts map[string]string) *Replay {
	return &Replay{root: &subtest{name: t.Name(), t: t}, subtests: make(map[string]*subtest), artifacts: artifacts}
}

// mark precedes what package testing says (cmd/internal/test2json).
const mark = "\x16"

// Read reads the output of the child to its end.
func (r *Replay) Read(output io.Reader) {
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadString('\n')
		text, event, marked := strings.Cut(strings.NewReplacer(r.names...).Replace(line), mark)
		if text != "" {
			r.print(text)
		}
		if marked {
			r.event(strings.TrimSuffix(event, "\n"))
		}
		if err != nil {
			return // io.EOF: nobody closes the pipe with another error
		}
	}
}

func (r *Replay) print(text string) {
	if r.current == nil {
		r.unattributed.WriteString(text)
		return
	}
	// Output indents, as the log is already.
	text = strings.TrimSuffix(strings.TrimPrefix(text, "    "), "\n")
	r.current.replay(func(t *testing.T) { _, _ = fmt.Fprintln(t.Output(), text) })
}

// event takes in "=== RUN   Test/sub" and "--- PASS: Test/sub (0.00s)".
func (r *Replay) event(text string) {
	fields := strings.Fields(text)
	if len(fields) < 3 {
		r.current = nil // "PASS" and "FAIL" of the whole, "=== NAME" of nobody
		return
	}
	verb, name := fields[1], fields[2]
	switch dir := r.artifacts[name]; {
	case verb == "RUN":
		r.begin(name)
	case verb == "ARTIFACTS" && dir != "":
		r.names = append(r.names, strings.SplitN(text, name+" ", 2)[1], dir)
		return
	}
	r.current = r.subtests[name]
	if r.current == nil {
		r.unattributed.WriteString(text + "\n")
		return
	}
	switch verb {
	case "ARTIFACTS":
		dir := strings.SplitN(text, name+" ", 2)[1]
		r.current.replay(func(t *testing.T) { sayArtifacts(t, dir) })
	case "ATTR":
		if key, value, ok := strings.Cut(strings.SplitN(text, name+" ", 2)[1], " "); ok {
			r.current.replay(func(t *testing.T) { t.Attr(key, value) })
		}
	case "PASS:", "FAIL:", "SKIP:":
		r.current.result = strings.TrimSuffix(verb, ":")
		r.finish(r.current)
	}
}

// begin notes a test that is the root or below.
func (r *Replay) begin(name string) {
	if name == r.root.name {
		r.subtests[name] = r.root
	} else if strings.HasPrefix(name, r.root.name+"/") {
		r.subtests[name] = &subtest{name: name}
	}
}

// finish replays a test that has ended as a subtest of the one around it. The root is ended
// by End.
func (r *Replay) finish(s *subtest) {
	if s == r.root {
		return
	}
	delete(r.subtests, s.name)
	around := r.root
	for name, other := range r.subtests {
		if len(name) > len(around.name) && strings.HasPrefix(s.name, name+"/") {
			around = other
		}
	}
	around.replay(func(t *testing.T) {
		t.Run(strings.TrimPrefix(s.name, around.name+"/"), func(t *testing.T) {
			for _, action := range s.actions {
				action(t)
			}
			conclude(t, s.result)
		})
	})
}

func conclude(t *testing.T, result string) {
	switch result {
	case "PASS":
	case "FAIL":
		t.Fail()
	case "SKIP":
		if !t.Failed() {
			t.SkipNow()
		}
	default:
		t.Error("nstest: the process of this test ended before it did")
	}
}

// End ends the root as the child has ended: with an exit code, or with an error of starting it or waiting for it.
func (r *Replay) End(code int, err error) {
	t := r.root.t
	t.Helper()
	begun := r.subtests[r.root.name] != nil
	// Those within others first.
	for len(r.subtests) > 1 || len(r.subtests) == 1 && !begun {
		var inner *subtest
		for _, s := range r.subtests {
			if s != r.root && (inner == nil || len(s.name) > len(inner.name)) {
				inner = s
			}
		}
		r.finish(inner)
	}
	var panicked *reexec.PanicError
	switch {
	case errors.Is(err, reexec.ErrNoCheckAction):
		t.Errorf("nstest: InProcess needs a TestMain that calls nstest.Main or reexec.RunTests: %v", err)
	case errors.As(err, &panicked):
		t.Errorf("nstest: the process of this test has crashed: %v", panicked)
	case err != nil:
		t.Errorf("nstest: %v", err)
	case !begun:
		t.Errorf("nstest: this test did not begin in its process, which says\n%s", r.unattributed.String())
	case r.root.result == "PASS" && code != 0:
		t.Errorf("nstest: this test passed in its process, which ended with exit code %d, and says\n%s", code, r.unattributed.String())
	default:
		conclude(t, r.root.result)
	}
}
