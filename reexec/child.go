// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/handshake"
)

// obeyWithin is how long an action may go on after SIGTERM. It is less than the
// parent's grace, so that the child can still write its coverage data.
const obeyWithin = time.Second

// Exit statuses of a child; the parent goes by the message.
const (
	exitFailed     = 1
	exitPanicked   = 2 // as the Go runtime's
	exitTerminated = 128 + int(syscall.SIGTERM)
)

// A child is a process that was started for an action.
type child struct {
	request  request
	params   chan json.RawMessage
	reply    *os.File
	coverage *childCoverage

	checked atomic.Bool // CheckAction was called
	ending  sync.Mutex  // held for good by whoever ends the process
}

var (
	// self is nil in a process that was not started for an action.
	self *child

	// selfErr tells why the environment's claim that this is a child was not
	// believed.
	selfErr error
)

// Recognised before main starts, a child that never calls CheckAction still
// ends with its parent and does not go on to have children of its own.
func init() {
	var ok bool
	if ok, selfErr = handshake.Accept(role); ok {
		self = newChild()
	}
}

func newChild() *child {
	c := &child{
		params: make(chan json.RawMessage, 1),
		reply:  handshake.Inherit(replyFD, "reply"),
	}
	crash := handshake.Inherit(crashFD, "crash")
	if err := debug.SetCrashOutput(crash, debug.CrashOptions{}); err != nil {
		c.dieBeforeMain(err)
	}
	if err := crash.Close(); err != nil {
		c.dieBeforeMain(err)
	}
	requests := json.NewDecoder(handshake.Inherit(requestFD, "request"))
	if err := requests.Decode(&c.request); err != nil {
		c.dieBeforeMain(err)
	}
	if c.request.Coverage {
		var err error
		if c.coverage, err = newChildCoverage(); err != nil {
			c.dieBeforeMain(err)
		}
	}
	if err := errors.Join(c.request.Setup.apply(), c.coverage.prepare()); err != nil {
		c.dieBeforeMain(err)
	}
	go c.watchParent(requests)
	return c
}

// dieBeforeMain ends a child that cannot become one.
func (c *child) dieBeforeMain(err error) {
	_ = c.send(errorMessage(failed, err), nil)
	os.Exit(exitFailed)
}

// watchParent takes the parameter, and then watches over the parent, whose end closes
// the pipe. PR_SET_PDEATHSIG would tell of the end of the parent's thread instead
// (prctl(2)).
func (c *child) watchParent(requests *json.Decoder) {
	var param json.RawMessage
	for requests.Decode(&param) == nil {
		c.params <- param
	}
	// Nobody is left to be told why, nor to collect coverage data.
	syscall.Exit(exitFailed)
}

// runAction runs the action that this process was started for, if it was. An action
// that runs tests needs some.
func runAction(tests runner) (code int, ran bool) {
	if self == nil {
		checked.Store(true)
		return 0, false
	}
	if action, ok := registered(self.request.Action); ok && action.tests {
		if tests == nil {
			return 0, false // RunTests is to come
		}
		testsToRun = tests
	}
	if self.checked.Swap(true) {
		return 0, false // the action itself got here
	}
	return self.run(), true
}

func (c *child) run() int {
	if err := c.coverage.started(); err != nil {
		return c.finish(errorMessage(failed, err), nil)
	}
	action, ok := registered(c.request.Action)
	if !ok {
		return c.finish(message{Outcome: unregistered}, nil)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	c.obeySIGTERM(cancel, action.patient)
	if err := c.send(message{Outcome: ready}, nil); err != nil {
		return exitFailed
	}
	return c.call(ctx, action)
}

// call runs the action on the calling goroutine, which may be locked to the main
// thread.
func (c *child) call(ctx context.Context, action registration) (code int) {
	returned := false
	defer func() {
		switch v := recover(); {
		case v != nil:
			err, ok := v.(error)
			if !ok {
				err = fmt.Errorf("%v", v)
			}
			m := errorMessage(panicked, err)
			m.Stack = string(debug.Stack())
			code = c.finish(m, nil)
		case !returned:
			// The goroutine is on its way out and cannot be called back.
			os.Exit(c.finish(message{Outcome: goexited}, nil))
		}
	}()
	result, err := action.run(ctx, <-c.params)
	returned = true
	if err != nil {
		return c.finish(errorMessage(failed, err), nil)
	}
	raw, err := json.Marshal(result)
	if err != nil {
		return c.finish(errorMessage(failed, fmt.Errorf("result: %w", err)), nil)
	}
	return c.finish(message{Outcome: done}, raw)
}

// obeySIGTERM ends the process when it is asked to, but by way of os.Exit, which
// writes coverage data.
func (c *child) obeySIGTERM(cancel context.CancelCauseFunc, patient bool) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() {
		<-signals
		cancel(ErrTerminated)
		if patient {
			<-time.After(obeyWithin)
		}
		os.Exit(c.finish(message{Outcome: terminated}, nil))
	}()
}

// finish tells the parent how it ended, and gets ready for os.Exit. It returns only to
// its first caller.
func (c *child) finish(m message, result []byte) int {
	c.ending.Lock()
	if err := c.coverage.leave(); err != nil && m.Outcome == done {
		m, result = errorMessage(failed, fmt.Errorf("coverage folder: %w", err)), nil
	}
	err := c.send(m, result)
	switch {
	case m.Outcome == panicked:
		return exitPanicked
	case m.Outcome == terminated:
		return exitTerminated
	case m.Outcome != done || err != nil:
		return exitFailed
	}
	return 0
}

func (c *child) send(m message, result []byte) error {
	if err := json.NewEncoder(c.reply).Encode(m); err != nil {
		return err
	}
	if result == nil {
		return nil
	}
	_, err := c.reply.Write(append(result, '\n'))
	return err
}
