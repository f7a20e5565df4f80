// SPDX-License-Identifier: Apache-2.0

package gons

import (
	"errors"
	"fmt"
	"os"
)

// Status reports whether the program runs in the namespaces that its environment
// asked for. It is nil where it does and where none were asked for; otherwise it
// is an [*Error] for the first one that was not joined. It stays the same for the
// life of the process.
func Status() error { return status }

// An Error says why the program is not in the namespaces that were asked for. It
// unwraps to the cause: a [syscall.Errno] where the kernel refused, [os.ErrInvalid] for
// a request that makes no sense, [os.ErrPermission] in a privileged program,
// [errors.ErrUnsupported] for what this build cannot do.
type Error struct {
	// Variable is the environment variable concerned, such as "gons_net".
	Variable string
	// Value is what the variable was set to: a path, or an order.
	Value string
	// Op is the system call or step that failed, such as "setns".
	Op string
	// Err is the cause.
	Err error
}

// Error reads "gons: gons_net=/proc/1/ns/net: setns: operation not permitted".
func (e *Error) Error() string {
	if e == nil {
		return "<nil>" // as fmt says, and as github.com/thediveo/gons did
	}
	text := "gons: "
	if e.Variable != "" {
		text += e.Variable + "=" + e.Value + ": "
	}
	if e.Op != "" {
		text += e.Op + ": "
	}
	if e.Err == nil {
		return text + "unknown error"
	}
	return text + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// Causes that are told in the same words with cgo and without.
var (
	errPrivileged = fmt.Errorf("ignored: the program is set-user-ID, set-group-ID or has file capabilities: %w", os.ErrPermission)
	errUnordered  = fmt.Errorf("not named in %s: %w", orderVariable, os.ErrInvalid)
	errChildren   = fmt.Errorf("the kernel denies threads, and so the Go runtime, to a process whose children "+
		"belong to another pid namespace; start the child there instead, with set.Command: %w", errors.ErrUnsupported)
)

// errUnknown is for a program that may be privileged.
func errUnknown(err error) error { return fmt.Errorf("ignored: %w: %w", err, os.ErrPermission) }

func errNotKind(name string) error {
	return fmt.Errorf("is not a %s namespace: %w", name, os.ErrInvalid)
}
