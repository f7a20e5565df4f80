// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
)

// What is left in a fixture. To look at all processes of the machine takes longer than
// many a test does. It is done only if this process has a child, or has waited for one
// since the fixture was made: whoever lives in it is such a child, or comes from one.

// grace is how long processes that are on their way out may take to get there, such as
// those that were killed just now.
const grace = 250 * time.Millisecond

// leftProcesses lists the processes that live on in a fixture's namespaces.
func (r *room) leftProcesses() (left []state.Process, err error) {
	if r.set.Closed() {
		return nil, nil // the test has done so
	}
	if reapedChildren() == r.reaped {
		if children, err := sys.HasChildren(); err != nil || !children {
			return nil, err
		}
	}
	for deadline := time.Now().Add(grace); ; {
		left, err = state.Processes(r.own)
		wait := time.Until(deadline)
		if errors.Is(err, state.ErrForeignProc) {
			return nil, nil // a process of InProcess, whose pid namespace ends with it
		}
		if err != nil || len(left) == 0 || wait <= 0 {
			return left, err
		}
		if err := awaitEnd(left, wait); err != nil {
			return left, err
		}
	}
}

// awaitEnd returns when one of the processes has ended, or the time is over.
func awaitEnd(list []state.Process, limit time.Duration) (err error) {
	var ends []*sys.FD
	defer func() {
		for _, end := range ends {
			err = errors.Join(err, end.Close())
		}
	}()
	for _, p := range list {
		end, err := sys.OpenProcess(p.PID)
		if err != nil {
			// It is gone already, or the kernel is too old to tell when.
			limit = min(limit, time.Millisecond)
			continue
		}
		ends = append(ends, end)
	}
	return sys.WaitReadable(limit, ends...)
}

// killAll kills the processes, and what they start meanwhile, and returns an error that
// names them all, or nil for none.
func (r *room) killAll(left []state.Process) error {
	if len(left) == 0 {
		return nil
	}
	var names []string
	named := make(map[int]bool)
	for deadline := time.Now().Add(killTime); len(left) > 0; {
		again, err := r.kill(left)
		if err == nil {
			for _, p := range append(left, again...) {
				if !named[p.PID] {
					named[p.PID] = true
					names = append(names, p.String())
				}
			}
			err = awaitEnd(again, time.Until(deadline))
		}
		if err == nil {
			left, err = state.Processes(r.own)
		}
		if err == nil && len(left) > 0 && time.Now().After(deadline) {
			err = fmt.Errorf("%v has not ended %v after it was killed", left[0], killTime)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", leftBehind, strings.Join(names, ", "), err)
		}
	}
	for pid := range named {
		reap(pid)
	}
	return fmt.Errorf("%s, and killed: %s", leftBehind, strings.Join(names, ", "))
}

const leftBehind = "processes were left in the fixture"

// killTime is how long the kernel may take to end a process.
const killTime = 5 * time.Second

// kill kills those of the processes that still are in the fixture, which it returns. Numbers
// are recycled: the process that a number stands for is held first, and then found to be
// in there.
func (r *room) kill(list []state.Process) (again []state.Process, err error) {
	held := make(map[int]*os.Process)
	defer func() {
		for _, process := range held {
			err = errors.Join(err, process.Release())
		}
	}()
	for _, p := range list {
		if held[p.PID], err = os.FindProcess(p.PID); err != nil {
			return nil, err
		}
	}
	if again, err = state.Processes(r.own); err != nil {
		return nil, err
	}
	for _, p := range again {
		process := held[p.PID]
		if process == nil {
			continue // for the next round
		}
		if err := process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return nil, fmt.Errorf("kill %v: %w", p, err)
		}
	}
	return again, nil
}
