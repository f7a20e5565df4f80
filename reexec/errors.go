// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"cmp"
	"errors"
)

var (
	// ErrUnregistered tells that no action has the name that was asked for.
	// Actions must be registered by the time CheckAction is called, so in package
	// variables or init functions: the child starts from the beginning and never
	// gets to where its parent is.
	ErrUnregistered = errors.New("no such action is registered when CheckAction is called; " +
		"register it in a package variable or an init function")

	// ErrNoCheckAction tells that the program does not call CheckAction, or only
	// after it has begun with other work.
	ErrNoCheckAction = errors.New("the program does not call reexec.CheckAction first thing in main or TestMain")

	// ErrNested tells that an action tried to run another one without [Nested].
	ErrNested = errors.New("an action cannot re-execute the program again without reexec.Nested")

	// ErrNoResult tells that the child ended without having returned from its action.
	ErrNoResult = errors.New("the process ended before the action returned")

	// ErrResult tells that what a registered action printed is not the JSON that
	// [Result] asks for.
	ErrResult = errors.New("the action's output is not the JSON expected")

	// ErrGoexit tells that the action ended its goroutine, as t.FailNow does,
	// instead of returning.
	ErrGoexit = errors.New("the action called runtime.Goexit")

	// ErrCoverage tells that coverage data which the process left was not trusted, and is not
	// part of the profile: a file that is none, or another user's, or no such data. What else
	// the error says is about the action, which otherwise has succeeded.
	ErrCoverage = errors.New("coverage data left out")

	// ErrTerminated tells that the child was asked to end (SIGTERM) and did so
	// before its action returned.
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

// An ActionError is the error that an action returned, as far as it can travel
// from one process to another: its text, each errno in it, and which Err variables
// it has among its causes: those of this package and of package set, and those of the
// packages context, errors, io, io/fs, net, os and os/exec, such as [io.EOF] or
// [context.Canceled]. [errors.Is] finds these in the parent as it does in the child.
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
