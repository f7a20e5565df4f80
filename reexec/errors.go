// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"cmp"
	"errors"
)

var (
	// ErrUnregistered reports that no action has the name that was asked for. Actions
	// must be registered before CheckAction is called, so in package variables or init
	// functions: the child starts the program from its beginning, and does not get to
	// the line where its parent is.
	ErrUnregistered = errors.New("no such action is registered when CheckAction is called; " +
		"register it in a package variable or an init function")

	// ErrNoCheckAction reports that the program does not call CheckAction, or calls it
	// only after it has begun with other work.
	ErrNoCheckAction = errors.New("the program does not call reexec.CheckAction first thing in main or TestMain")

	// ErrNested reports that an action tried to run another one without [Nested].
	ErrNested = errors.New("an action cannot re-execute the program again without reexec.Nested")

	// ErrNoResult reports that the child ended before its action returned.
	ErrNoResult = errors.New("the process ended before the action returned")

	// ErrResult reports that what a registered action printed is not the JSON that
	// [Result] asks for.
	ErrResult = errors.New("the action's output is not the JSON expected")

	// ErrGoexit reports that the action ended its goroutine, as t.FailNow does, instead
	// of returning.
	ErrGoexit = errors.New("the action called runtime.Goexit")

	// ErrCoverage reports that coverage data of the process is not part of the profile
	// because it was not trusted: it was not a regular file, or belonged to another user, or
	// was not coverage data. If the error has no other cause, the action has succeeded.
	ErrCoverage = errors.New("coverage data left out")

	// ErrTerminated reports that the child was asked to end (SIGTERM) and did so before
	// its action returned.
	ErrTerminated = errors.New("terminated before the action returned")
)

// An Error is what every run that fails returns. Err tells why: one of the Err
// variables above, an [*ActionError], a [*PanicError], an [*os/exec.ExitError] or
// the context's error, alone or wrapped.
type Error struct {
	Action string
	Err    error
}

func (e *Error) Error() string {
	if e == nil {
		return "<nil>"
	}
	text := "gonso: reexec " + cmp.Or(e.Action, "without an action")
	if e.Err == nil {
		return text + ": unknown error"
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// An ActionError is the error that an action returned, as far as it can travel from one
// process to another: its text, each errno in it, and those of its causes that are Err
// variables of this package, of package set, or of the packages context, errors, io,
// io/fs, net, os and os/exec, such as io.EOF or context.Canceled. [errors.Is] finds
// these in the parent as it does in the child.
type ActionError struct {
	Text   string
	causes []error
}

func (e *ActionError) Error() string {
	if e == nil {
		return "<nil>"
	}
	return e.Text
}

// Unwrap returns the causes that travelled along.
func (e *ActionError) Unwrap() []error {
	if e == nil {
		return nil
	}
	return e.causes
}

// A PanicError is the panic, or another crash such as a concurrent map write,
// that ended an action. If the value was an error, its causes travelled along as
// an [ActionError]'s do.
type PanicError struct {
	Value  string // what was passed to panic, as text
	Stack  string // the stack traces of the child
	causes []error
	fatal  bool // no panic: Value begins with what it is
}

func (e *PanicError) Error() string {
	if e == nil {
		return "<nil>"
	}
	text := e.Value + "\n\n" + e.Stack
	if e.fatal {
		return text
	}
	return "panic: " + text
}

// Unwrap returns the causes that travelled along.
func (e *PanicError) Unwrap() []error {
	if e == nil {
		return nil
	}
	return e.causes
}
