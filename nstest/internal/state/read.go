// SPDX-License-Identifier: Apache-2.0

package state

import (
	"fmt"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A Subject is whose state is read.
type Subject struct {
	Set set.Set
	// Others are Sets that a veth of this one may lead to. Those without a network
	// namespace, and those that are closed, do not matter.
	Others []set.Set
	// Usual returns the mounts that go unsaid. They are the process's where it is nil.
	Usual func() ([]procfs.Mount, error)
}

// A reader finds out what one section says. It may be at it for longer than
// anybody waits: what it finds it returns.
type reader struct {
	section string
	kind    int // the Set has it, or there is nothing to read
	read    func(Subject) (found func(*State), err error)
}

// Read reads the state of a Set's namespaces. It takes no longer than limit: a
// section that cannot be read, or not in that time, is among the Troubles and
// keeps no other from being read. The Set may be closed afterwards.
func Read(s Subject, limit time.Duration) *State {
	type result struct {
		section string
		found   func(*State)
		err     error
	}
	state := &State{Troubles: make(map[string]error)}
	due := make(map[string]bool)
	results := make(chan result, len(readers))
	for _, r := range readers {
		if s.Set.Flags()&r.kind == 0 {
			continue
		}
		due[r.section] = true
		go func() {
			found, err := r.attempt(s)
			results <- result{r.section, found, err}
		}()
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for len(due) > 0 {
		select {
		case r := <-results:
			delete(due, r.section)
			if r.err != nil {
				state.Troubles[r.section] = r.err
			}
			if r.found != nil {
				r.found(state)
			}
		case <-timer.C:
			for section := range due {
				state.Troubles[section] = fmt.Errorf("no answer within %v", limit)
			}
			return state
		}
	}
	return state
}

// attempt has a panic be an error: a report of a failure must not hide it.
func (r reader) attempt(s Subject) (found func(*State), err error) {
	defer func() {
		if p := recover(); p != nil {
			found, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	return r.read(s)
}
