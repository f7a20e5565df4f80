// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"fmt"
	"os"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
)

// A hanging says which run of an each has not returned when -test.timeout is nearly over: nothing that is logged is
// printed then.
type hanging struct {
	each   *each
	t      *testing.T // the run's
	record *record
	number int // of the frame with the fault, or 0
}

var _ lifecycle.Observer = hanging{}

func (h hanging) Began(*lifecycle.Instance)                    {}
func (h hanging) Failed(*lifecycle.Test)                       {}
func (h hanging) Ended(*lifecycle.Test, []*lifecycle.Instance) {}

func (h hanging) Hangs(t *lifecycle.Test) {
	if t.TB() != h.t {
		return
	}
	text := fmt.Sprintf("topo: %s has not returned (%s): connections need deadlines, since their end may be lost, too", h.t.Name(), h.each.where)
	if sent := h.record.sent(); len(sent) > 0 {
		text += fmt.Sprintf("\n  of %d frames that it has sent the last one was %v", len(sent), sent[len(sent)-1])
	}
	if h.number > 0 {
		text += "\n  " + h.each.failure(h.record, h.number)
	}
	fmt.Fprintln(os.Stderr, text)
}
