// SPDX-License-Identifier: Apache-2.0

package set

// An Error tells what was tried, on which kinds of namespace, and why it
// failed. It unwraps to the cause: a [syscall.Errno] where the kernel refused,
// [os.ErrClosed] for a closed Set, [os.ErrInvalid] for arguments that make no
// sense, [ErrNeedsProcess].
type Error struct {
	// Op is the system call or the step, such as "setns".
	Op string
	// Kind has the flags of the namespaces concerned, or 0.
	Kind int
	// Err is the cause.
	Err error

	hint string
}

// newError passes nil through. An Error that is one already stays as it is: the
// innermost step knows best.
func newError(op string, kind int, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := err.(*Error); ok { //nolint:errorlint // only itself, not what it wraps
		return e
	}
	return &Error{Op: op, Kind: kind, Err: err, hint: hint(op, kind, err)}
}

// Error reads "gonso: setns net: operation not permitted", with what is known
// about the cause and what helps behind it in parentheses.
func (e *Error) Error() string {
	text := "gonso: " + e.Op
	if e.Kind != 0 {
		text += " " + KindNames(e.Kind)
	}
	text += ": " + e.Err.Error()
	if e.hint != "" {
		text += " (" + e.hint + ")"
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
