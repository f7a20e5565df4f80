// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"cmp"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/onsi/ginkgo/v2"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// keeps tells which Sets outlive their test.
var keeps atomic.Pointer[func(set.Set) bool]

// KeepIf has Keeps ask a function.
func KeepIf(f func(set.Set) bool) { keeps.Store(&f) }

// Keeps reports whether a Set outlives its test, for somebody to look into. What would be undone for the Set's own sake
// only, such as a link in it, stays then.
func Keeps(s set.Set) bool {
	f := keeps.Load()
	return f != nil && (*f)(s)
}

// Spare has the processes of the instance that a function names live on when it is cleared of processes.
func (in *Instance) Spare(them func(state.Process) bool) {
	in.test.mu.Lock()
	defer in.test.mu.Unlock()
	in.spared = them
}

func (in *Instance) spares() func(state.Process) bool {
	in.test.mu.Lock()
	defer in.test.mu.Unlock()
	return in.spared
}

// Name returns what the test is called, in Ginkgo the spec that runs.
func (t *Test) Name() string {
	if t.tb == nil {
		return cmp.Or(ginkgo.CurrentSpecReport().FullText(), "suite")
	}
	return t.tb.Name()
}

// Silent reports whether the instance is a part of others, and nothing that a test would look for.
func (in *Instance) Silent() bool {
	in.test.mu.Lock()
	defer in.test.mu.Unlock()
	return in.silent
}

// Note adds lines to what is logged of the instance. They are logged whether the test fails or not.
func (in *Instance) Note(text string) {
	in.test.mu.Lock()
	defer in.test.mu.Unlock()
	in.notes += "\n" + text
}

// takeNotes returns the lines, which are logged then. The lock is held.
func (in *Instance) takeNotes() (text string) {
	text, in.notes = in.notes, ""
	return text
}

// logNotes logs those of an instance whose state was not logged.
func (in *Instance) logNotes() {
	in.TB.Helper()
	in.test.mu.Lock()
	text, late := in.takeNotes(), in.late
	in.test.mu.Unlock()
	heading := fmt.Sprintf("nstest: fixture %s of %s:", in.Name, cmp.Or(in.Owner, "the suite"))
	switch {
	case text == "":
	case late:
		fmt.Fprintln(os.Stderr, heading+text)
	case in.test.tb == nil:
		addEntry(heading, text[1:], in.At)
	default:
		in.TB.Log(heading + text)
	}
}
