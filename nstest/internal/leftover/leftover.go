// SPDX-License-Identifier: Apache-2.0

// Package leftover finds the processes that a test has left behind in its fixture's namespaces, and kills them.
package leftover

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// To look at all processes of the machine takes longer than
// many a test does. It is done only if this process has a child, or has waited for one
// since the fixture was made: whoever lives in it is such a child, or comes from one.

// grace is how long processes that are on their way out may take to get there, such as
// those that were killed just now.
const grace = 250 * time.Millisecond

// A Namespaces is a Set of namespaces that processes may be left in.
type Namespaces struct {
	set    set.Set
	reaped usage // of the children that were waited for before it was made
	spared func(state.Process) bool
}

// In is called before the test begins to use the namespaces.
func In(s set.Set) Namespaces { return Namespaces{set: s, reaped: reapedChildren()} }

// Without returns the same with some of the processes left out, if the function is not nil.
func (n Namespaces) Without(spared func(state.Process) bool) Namespaces {
	n.spared = spared
	return n
}

// inside lists the processes in there now.
func (n Namespaces) inside() ([]state.Process, error) {
	list, err := state.Processes(n.set)
	if n.spared != nil {
		list = slices.DeleteFunc(list, n.spared)
	}
	return list, err
}

// Processes lists the processes that live on in there.
func (n Namespaces) Processes() (left []state.Process, err error) {
	if n.set.Closed() {
		return nil, nil // the test has done so
	}
	if reapedChildren() == n.reaped {
		if children, err := sys.HasChildren(); err != nil || !children {
			return nil, err
		}
	}
	for deadline := time.Now().Add(grace); ; {
		left, err = n.inside()
		wait := time.Until(deadline)
		if errors.Is(err, state.ErrForeignProc) {
			return nil, nil // a process of InProcess, whose pid namespace ends with it
		}
		if err != nil || len(left) == 0 || wait <= 0 {
			return left, err
		}
		if err := AwaitEnd(left, wait); err != nil {
			return left, err
		}
	}
}

// AwaitEnd returns when one of the processes has ended, or the time is over.
func AwaitEnd(list []state.Process, limit time.Duration) error {
	var ends []*sys.FD
	for _, p := range list {
		end, err := sys.OpenProcess(p.PID)
		if err != nil {
			// It is gone already, or the kernel is too old to tell when.
			limit = min(limit, time.Millisecond)
			continue
		}
		ends = append(ends, end)
	}
	return sys.AwaitAnyEnd(limit, ends...)
}

// KillAll kills the processes, and what they start meanwhile, and returns an error that
// names them all, or nil for none.
func (n Namespaces) KillAll(left []state.Process) error {
	if len(left) == 0 {
		return nil
	}
	var killed processList
	for deadline := time.Now().Add(KillTime); len(left) > 0; {
		var err error
		if left, err = n.killRound(left, &killed, deadline); err != nil {
			return fmt.Errorf("%s %v: %w", leftBehind, killed, err)
		}
	}
	for _, p := range killed {
		reap(p.PID)
	}
	return fmt.Errorf("%s, and killed: %v", leftBehind, killed)
}

const leftBehind = "processes were left in the fixture"

// killRound kills the processes, waits for their end, and returns those that they have started
// meanwhile.
func (n Namespaces) killRound(left []state.Process, killed *processList, deadline time.Time) (next []state.Process, err error) {
	again, err := n.Kill(left)
	if err != nil {
		return nil, err
	}
	killed.add(left...)
	killed.add(again...)
	if err := AwaitEnd(again, time.Until(deadline)); err != nil {
		return nil, err
	}
	next, err = n.inside()
	if err == nil && len(next) > 0 && time.Now().After(deadline) {
		err = fmt.Errorf("%v has not ended %v after it was killed", next[0], KillTime)
	}
	return next, err
}

// HasVariable reports whether a process was started with a variable of the environment, name and value. One that has gone, or
// that nobody may look into, was not.
func HasVariable(pid int, variable string) bool {
	environment, _ := os.ReadFile(fmt.Sprintf("%s/%d/environ", procfs.Root, pid))
	return slices.ContainsFunc(bytes.Split(environment, []byte{0}), func(v []byte) bool { return string(v) == variable })
}

// A processList has each process once.
type processList []state.Process

func (l *processList) add(list ...state.Process) {
	for _, p := range list {
		if !slices.ContainsFunc(*l, func(q state.Process) bool { return q.PID == p.PID }) {
			*l = append(*l, p)
		}
	}
}

func (l processList) String() string {
	var names []string
	for _, p := range l {
		names = append(names, p.String())
	}
	return strings.Join(names, ", ")
}

// KillTime is how long the kernel may take to end a process.
const KillTime = 5 * time.Second

// Kill kills those of the processes that still are in the fixture, which it returns. Numbers
// are recycled: the process that a number stands for is held first, and then found to be
// in there.
func (n Namespaces) Kill(list []state.Process) (again []state.Process, err error) {
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
	if again, err = n.inside(); err != nil {
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
