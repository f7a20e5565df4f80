// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
)

// A Report has instances whose states are logged together, in the order in which they were added, and not
// each by its own clean-up. They are of one test.
type Report struct{ instances []*Instance }

// Add adds an instance, or nothing if it is nil.
func (r *Report) Add(in *Instance) {
	if in == nil {
		return
	}
	in.test.mu.Lock()
	defer in.test.mu.Unlock()
	r.instances = append(r.instances, in)
	in.report = r
}

// Silence leaves the instance out of what is logged of a test that fails. The instance may be nil.
func (in *Instance) Silence() {
	if in == nil {
		return
	}
	in.test.mu.Lock()
	defer in.test.mu.Unlock()
	in.silent = true
}

// log logs what was read of the instance, and of those of its report, once.
func (in *Instance) log() {
	in.TB.Helper()
	list := []*Instance{in}
	if in.report != nil {
		list = in.report.instances
	}
	for _, entry := range in.test.take(list) {
		heading, text := entry.in.describe("as the test failed", entry.found)
		text += entry.notes
		if entry.omitted > 0 {
			text += fmt.Sprintf("\nnstest: %d other fixtures of this test are left out here: there is the state of the first %d", entry.omitted, most)
		}
		if in.test.tb == nil {
			addEntry(heading, text, entry.in.At)
		} else {
			in.TB.Log(heading + "\n" + text)
		}
	}
}

// An entry is what is to be logged of an instance.
type entry struct {
	in      *Instance
	found   *state.State
	notes   string
	omitted int
}

// take returns what was read of instances, which is logged then. How many were not read is in the last entry of the
// test to be made.
func (t *Test) take(list []*Instance) (entries []entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, in := range list {
		if in.evidence == read {
			entries = append(entries, entry{in: in, found: in.found, notes: in.takeNotes()})
			in.evidence, in.found = logged, nil
		}
	}
	if n := len(entries); n > 0 {
		entries[n-1].omitted, t.omitted = t.omitted, 0
	}
	return entries
}
