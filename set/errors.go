// SPDX-License-Identifier: Apache-2.0

package set

import (
	"cmp"
	"errors"
)

// An Error says what was tried, on which kinds of namespace, and why it failed. It
// unwraps to the cause: a [syscall.Errno] where the kernel refused, [os.ErrClosed] for
// a closed Set, [os.ErrInvalid] for arguments that make no sense, [ErrNeedsProcess].
type Error struct {
	// Op is the system call or the step, such as "setns".
	Op string
	// Kind has the flags of the namespaces concerned, or 0.
	Kind int
	// Err is the cause.
	Err error
}

// newError passes nil through, and an error that has an Error in it: the
// innermost step knows best.
func newError(op string, kind int, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &Error{Op: op, Kind: kind, Err: err}
}

// Error reads "gonso: setns net: operation not permitted", followed by the Hint in
// parentheses.
func (e *Error) Error() string {
	if e == nil {
		return "<nil>"
	}
	text := "gonso: " + cmp.Or(e.Op, "unknown step")
	if e.Kind != 0 {
		text += " " + KindNames(e.Kind)
	}
	if e.Err == nil {
		text += ": unknown error"
	} else {
		text += ": " + e.Err.Error()
	}
	if hint := e.Hint(); hint != "" {
		text += " (" + hint + ")"
	}
	return text
}

// Hint says what is known about the cause and what helps, or is empty. It looks at the machine as
// that is when it is called.
func (e *Error) Hint() string {
	if e == nil {
		return ""
	}
	return hint(e.Op, e.Kind, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}
