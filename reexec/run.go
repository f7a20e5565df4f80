// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/refusal"
	"github.com/seed-1bc5c4a2/gonso/set"
)

const (
	// grace is how long a child may take to end after SIGTERM, and how long what
	// a grandchild holds open is waited for after the child has ended.
	grace = 2 * time.Second

	// crashLimit is how much of a crash report is kept.
	crashLimit = 1 << 20
)

// readyWithin is how long a child may take to get to CheckAction. Nothing but
// package initialisation comes before.
var readyWithin = 10 * time.Second

// checked tells that this program called CheckAction.
var checked atomic.Bool

// A call is what the child is asked to do.
type call struct {
	action string
	param  json.RawMessage // nil: none
	result any             // where the result is decoded to; nil: none is due
}

// exhausted adds what helps to an error of starting that a limit caused, unless package
// set has said so.
func exhausted(err error) error {
	text := refusal.Exhausted("fork", err)
	if _, said := errors.AsType[*set.Error](err); said || text == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, text)
}

// run runs an action in a process of its own, under both APIs.
func (c *config) run(ctx context.Context, call call) error {
	if err := c.mayRun(call.action); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	ctx, stop := c.answer.within(ctx)
	defer stop()
	place, err := c.place()
	if err != nil {
		return exhausted(err)
	}
	w, err := newWires()
	if err != nil {
		return errors.Join(exhausted(err), place.close())
	}
	cmd := c.command(ctx, place, w)
	if err := cmd.Start(); err != nil {
		return errors.Join(exhausted(err), w.closeTheirs(), w.close(), place.close())
	}
	errs := []error{w.closeTheirs()}
	late := time.AfterFunc(readyWithin, func() { _ = cmd.signal(os.Kill) })

	begun, begin := context.WithCancel(context.Background())
	go w.ask(call, place.toArrive(), begun.Done())
	replies, crashes := make(chan reply, 1), make(chan string, 1)
	go func() {
		defer begin()
		replies <- w.listen(call.result, func() {
			late.Stop()
			w.coverage.ranAs(c.credential, cmd.pid())
			begin()
		})
	}()
	go func() { crashes <- w.crashReport() }()

	var end ending
	end.waited = cmd.Wait()
	end.state, end.cause = cmd.state(), context.Cause(ctx)
	end.late = !late.Stop() // also if listen stopped it: then there is a reply
	errs = append(errs, w.hurry(time.Now().Add(grace)))
	end.reply, end.crash = <-replies, <-crashes
	if end.state.Exited() {
		errs = append(errs, w.coverage.collect())
	}
	errs = append(errs, w.close(), place.close())
	return errors.Join(append([]error{end.verdict(call.result != nil)}, errs...)...)
}

// mayRun keeps programs from starting themselves again and again.
func (c *config) mayRun(action string) error {
	switch {
	case selfErr != nil:
		return fmt.Errorf("the environment claims that this process was re-executed: %w", selfErr)
	case self != nil && !self.checked.Load():
		// This process was started for an action, and the program does something
		// else. It must not go on with that.
		os.Exit(self.finish(message{Outcome: premature}, nil))
	case self != nil && !c.nested:
		return ErrNested
	case self == nil && !checked.Load():
		return ErrNoCheckAction
	}
	if _, ok := registered(action); !ok {
		return ErrUnregistered
	}
	return nil
}
