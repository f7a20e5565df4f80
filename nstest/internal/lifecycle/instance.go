// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"cmp"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2/types"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/leftover"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A phase is how far an instance is, see the package's documentation.
type phase uint8

const (
	open phase = iota
	swept
	released
	closed
)

// An evidence is what has become of the state of an instance as its test failed.
type evidence uint8

const (
	unread  evidence = iota
	omitted          // since too many others were read
	read
	logged
)

// An Instance is what a fixture has for the length of one test or spec. The exported fields are set before
// Begin or Keep is called.
type Instance struct {
	TB    testing.TB // the test, and where to log
	Owner string     // the name of the test
	Name  string
	// Nameless says that it is called after its kinds. The second of a test with the same kinds gets a number.
	Nameless bool
	Set      set.Set
	Own      set.Set // what of it is not shared with other fixtures: its state is read, and it is cleared of processes
	Leftover leftover.Namespaces
	Usual    func() ([]procfs.Mount, error)
	At       types.CodeLocation // where a fixture of Ginkgo was made
	Scope    Scope              // what ends with it

	Leave func()       // is called first in its clean-up, and may change TB
	Undo  func()       // is called before its processes are looked for
	Close func() error // closes Set, Own and all else

	test   *Test
	silent bool
	report *Report

	// Guarded by the test's lock.
	phase    phase
	evidence evidence
	found    *state.State // once it was read, until it is logged
	notes    string       // what else is to be logged
	late     bool         // its test has ended, and has a log no more
	spared   func(state.Process) bool
	why      func() error // see ExplainBy
}

// Test returns the test that the instance belongs to.
func (in *Instance) Test() *Test { return in.test }

// With returns an instance of the same test with another Set, which is closed with this one.
func (in *Instance) With(s set.Set) *Instance {
	return &Instance{TB: in.TB, Owner: in.Owner, Name: in.Name, Set: s, Own: s, Usual: in.Usual, At: in.At, test: in.test}
}

// NoteFailure reads the state of all instances of the test, if it has failed. It is for who is about to change
// them.
func (in *Instance) NoteFailure() {
	if in.test.Failed() {
		in.test.noteFailure(nil)
	}
}

// Found returns what was read of the instance as its test failed, or nil if nothing was, or it is logged already.
func (in *Instance) Found() *state.State {
	in.test.mu.Lock()
	defer in.test.mu.Unlock()
	return in.found
}

// Node returns what the instance is called in a trace: the ID of its network namespace or, if it has none, of its first one.
func (in *Instance) Node() string {
	kind := set.NS_NET
	if kinds := set.Kinds(in.Set.Flags()); in.Set.Flags()&kind == 0 && len(kinds) > 0 {
		kind = kinds[0]
	}
	return idOf(in.Set, kind)
}

// Released reports whether the clean-up of the instance has run.
func (in *Instance) Released() bool {
	in.test.mu.Lock()
	defer in.test.mu.Unlock()
	return in.phase >= released
}

// advance is the only place where the phase changes. The test's lock is held.
func (in *Instance) advance(to phase) {
	if to <= in.phase {
		panic(fmt.Sprintf("nstest: fixture %s of %s goes from phase %d back to %d", in.Name, in.Owner, in.phase, to))
	}
	in.phase = to
}

// sweep reports what is to be reported, and kills and names in its error what processes are left.
func (in *Instance) sweep() error {
	in.TB.Helper()
	mine := in.Leftover.Without(in.spares())
	left, err := mine.Processes()
	if len(left) > 0 {
		in.test.noteFailure(in)
	}
	in.NoteFailure()
	in.log()
	in.test.mu.Lock()
	if in.phase < swept { // those of an Ordered container are swept once for each Inside
		in.advance(swept)
	}
	in.test.mu.Unlock()
	return errors.Join(err, mine.KillAll(left))
}

// release is the clean-up of an instance. All that can be closed then is closed.
func (in *Instance) release() error {
	in.TB.Helper()
	in.NoteFailure()
	in.Undo()
	err := in.sweep()
	return errors.Join(err, in.test.close(in.test.release(in)))
}

// readTime is how long the state of one instance may take to be read, while others of the test are read, too: a machine that has
// too much to do takes seconds for sixteen of them, and that is when tests fail.
const readTime = 10 * time.Second

// read reads the state of one of several instances.
func (in *Instance) read(all []set.Set, limit time.Duration) *state.State {
	return state.Read(state.Subject{Set: in.Own, Others: all, Usual: in.Usual}, limit)
}

// describe says what was found, and when.
func (in *Instance) describe(when string, found *state.State) (heading, text string) {
	heading = fmt.Sprintf("nstest: fixture %s %s:", in.Name, when)
	for _, kind := range set.Kinds(in.Set.Flags()) {
		heading += " " + idOf(in.Set, kind)
	}
	shown := *found
	if shown.Hostname == in.Name && shown.Domain == "" { // which the heading has
		shown.Hostname = ""
	}
	return heading, cmp.Or(shown.String(), "nothing that did not come with it")
}

// idOf returns an ID for a message.
func idOf(s set.Set, kind int) string {
	id, err := s.ID(kind)
	if err != nil {
		return err.Error()
	}
	return id
}
