// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// needTest panics where a function was given no test that it could fail.
func needTest(tb testing.TB, function string) { lifecycle.NeedTest(tb, "nstest."+function) }

// needsProcess says what helps where a goroutine was to join namespaces that take a process.
func needsProcess(err error, help string) error {
	cause := new(set.Error)
	if !errors.Is(err, set.ErrNeedsProcess) || !errors.As(err, &cause) {
		return err
	}
	return &processError{fmt.Sprintf("only a process can join namespaces of kind %s, no goroutine: %s", set.KindNames(cause.Kind), help), err}
}

const (
	helpInProcess = "nstest.InProcess runs a subtest in such a process"
	helpRaw       = helpInProcess + ", and nstest.Raw makes the namespaces without setting anything up in them"
	helpCommand   = helpInProcess + ", and Fixture.Command a program"
)

// A processError has a text of its own, since that of its cause is for users of package set.
type processError struct {
	text  string
	cause error
}

func (e *processError) Error() string { return e.text }
func (e *processError) Unwrap() error { return e.cause }
