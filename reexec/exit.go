// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// An exit is all that is known of a child that has ended.
type exit struct {
	reply  reply
	crash  string // the runtime's report
	waited error  // what Wait returned
	state  *os.ProcessState
	cause  error // why the context ended, if it did
	late   bool  // the time to get to CheckAction was over
}

// result reports whether the action succeeded and, if not, the reason that says most.
func (e *exit) result(resultDue bool) error {
	err := e.failure(resultDue)
	if errors.Is(e.cause, errAnswered) {
		killed := e.reply.outcome == nil && e.crash == "" && !e.state.Exited()
		if killed || errors.Is(err, ErrTerminated) {
			return nil
		}
		return err
	}
	if err != nil && e.cause != nil && !errors.Is(err, e.cause) {
		return fmt.Errorf("%w: %w", e.cause, err)
	}
	return err
}

func (e *exit) failure(resultDue bool) error {
	if e.reply.outcome == nil {
		return e.noReply(resultDue)
	}
	if err := e.reply.outcome.err(); err != nil {
		return err
	}
	if e.reply.err != nil && resultDue {
		return fmt.Errorf("%w: result: %w", ErrNoResult, e.reply.err)
	}
	// The race detector, for one, has its say after the action.
	if !e.state.Success() {
		return fmt.Errorf("after the action returned: %w", e.status())
	}
	return e.copying()
}

// noReply judges a child that never said how its action ended.
func (e *exit) noReply(resultDue bool) error {
	switch {
	case e.crash != "":
		return fmt.Errorf("%w: %w", e.status(), newCrash(e.crash))
	case !errors.Is(e.reply.err, io.EOF):
		return fmt.Errorf("reply: %w (%w)", e.reply.err, e.status())
	case !e.reply.ready && e.cause != nil:
		return e.status()
	case !e.reply.ready && e.late:
		return fmt.Errorf("%w: the process had not after %v", ErrNoCheckAction, readyWithin)
	case !e.reply.ready && !e.state.Exited():
		// A signal ended it, which says nothing of what the program does.
		return fmt.Errorf("%w, before it got to reexec.CheckAction: %w", ErrNoResult, e.status())
	case !e.reply.ready:
		return fmt.Errorf("%w: the process ended without it: %w", ErrNoCheckAction, e.status())
	case resultDue || !e.state.Success():
		return fmt.Errorf("%w: %w", ErrNoResult, e.status())
	}
	return e.copying()
}

// status is the exit status or the signal that ended the child.
func (e *exit) status() error {
	if e.state.Success() {
		return errors.New(e.state.String())
	}
	return &exec.ExitError{ProcessState: e.state}
}

// copying is a failure to pass standard input, output or error on. It is not one that a
// process which the child left behind still holds them.
func (e *exit) copying() error {
	if errors.Is(e.waited, exec.ErrWaitDelay) || e.cause != nil && errors.Is(e.waited, e.cause) {
		return nil
	}
	return e.waited
}

// newCrash takes the runtime's report apart: one line that says what, then stacks.
func newCrash(report string) *PanicError {
	what, stack, _ := strings.Cut(report, "\n")
	value, isPanic := strings.CutPrefix(what, "panic: ")
	return &PanicError{Value: value, Stack: strings.TrimSpace(stack), fatal: !isPanic}
}
