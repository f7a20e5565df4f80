// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// What parent and child say to each other, over descriptors that leave standard
// input and output alone:
//
//	3  the ticket (internal/handshake), by which the child knows what it is
//	4  request: a request, the parameter, then nothing; its end is the parent's end
//	5  reply: ready, one message with the outcome and, if that is done, the result
//	6  crash: what the Go runtime says when it ends the child by itself
//	7  coverage: the folder for coverage data, if the request says so
//	8  root: the root directory to go to, if the request has a setup
//
// Requests, messages, parameters and results are JSON values.
const (
	ticketFD = 3 + iota
	requestFD
	replyFD
	crashFD
	coverageFD
	rootFD
)

// role is this package's word for the handshake.
const role = "reexec"

type request struct {
	Action   string
	Coverage bool // descriptor 7 is there
	Setup    *setup
}

type outcome string

const (
	ready        outcome = "ready"        // CheckAction was called
	done         outcome = "done"         // the action returned; its result follows
	failed       outcome = "failed"       // the action returned an error
	panicked     outcome = "panicked"     // the action panicked
	goexited     outcome = "goexited"     // the action ended its goroutine
	terminated   outcome = "terminated"   // SIGTERM came, and the action did not return
	unregistered outcome = "unregistered" // there is no such action
	premature    outcome = "premature"    // the program runs actions before it called CheckAction
)

type message struct {
	Outcome outcome
	Text    string   `json:",omitempty"`
	Stack   string   `json:",omitempty"`
	Errnos  []uint32 `json:",omitempty"` // the errnos in the error
	Known   []int    `json:",omitempty"` // the index in known of other causes
}

// known are the errors that both processes have as the same variable: those of our
// packages, and those of the standard library that [ActionError] names.
var known = []error{
	ErrUnregistered, ErrNoCheckAction, ErrNested, ErrNoResult, ErrResult, ErrGoexit, ErrTerminated, ErrCoverage,
	set.ErrNeedsProcess,
	context.Canceled, context.DeadlineExceeded,
	errors.ErrUnsupported,
	fs.ErrInvalid, fs.ErrPermission, fs.ErrExist, fs.ErrNotExist, fs.ErrClosed, // and those of package os
	io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, io.ErrNoProgress, io.ErrShortBuffer, io.ErrShortWrite,
	net.ErrClosed,
	os.ErrDeadlineExceeded, os.ErrNoDeadline, os.ErrProcessDone,
	exec.ErrDot, exec.ErrNotFound, exec.ErrWaitDelay,
}

// errorMessage makes a message of an error.
func errorMessage(o outcome, err error) message {
	m := message{Outcome: o, Text: err.Error()}
	m.addErrnos(err)
	for i, cause := range known {
		if errors.Is(err, cause) {
			m.Known = append(m.Known, i)
		}
	}
	return m
}

// addErrnos collects the errnos of a tree of errors.
func (m *message) addErrnos(err error) {
	if errno, ok := err.(syscall.Errno); ok { //nolint:errorlint // walks the tree itself
		m.Errnos = append(m.Errnos, uint32(errno))
	}
	switch err := err.(type) { //nolint:errorlint // walks the tree itself
	case interface{ Unwrap() error }:
		if cause := err.Unwrap(); cause != nil {
			m.addErrnos(cause)
		}
	case interface{ Unwrap() []error }:
		for _, cause := range err.Unwrap() {
			m.addErrnos(cause)
		}
	}
}

// causes returns what the sender's error was made of.
func (m *message) causes() []error {
	var causes []error
	for _, errno := range m.Errnos {
		causes = append(causes, syscall.Errno(errno))
	}
	for _, i := range m.Known {
		causes = append(causes, known[i])
	}
	return causes
}

// err returns the failure that a message stands for, and nil for a success.
func (m *message) err() error {
	switch m.Outcome {
	case done:
		return nil
	case failed:
		return &ActionError{Text: m.Text, causes: m.causes()}
	case panicked:
		return &PanicError{Value: m.Text, Stack: m.Stack, causes: m.causes()}
	case goexited:
		return ErrGoexit
	case terminated:
		return ErrTerminated
	case unregistered:
		return ErrUnregistered
	case premature:
		return ErrNoCheckAction
	}
	return errors.New("the child sent " + string(m.Outcome) + " where its outcome was due")
}
