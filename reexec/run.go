// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/command"
	"github.com/seed-1bc5c4a2/gonso/internal/denial"
	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/handshake"
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

// checked reports whether this program has called CheckAction.
var checked atomic.Bool

// A call is what the child is asked to do.
type call struct {
	action string
	param  json.RawMessage // nil: none
	result any             // where the result is decoded to; nil: none is due
}

// run runs an action in a process of its own, under both APIs.
func (c *config) run(ctx context.Context, call call) error {
	if err := c.mayRun(call.action); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	target, err := c.target()
	if err != nil {
		return notStarted(err)
	}
	pipes, err := newPipes()
	if err != nil {
		return errors.Join(notStarted(err), closeAll(target.held))
	}
	cmd := c.command(target, pipes)
	if err := cmd.Start(ctx); err != nil {
		return errors.Join(notStarted(err), closeAll(pipes.child), closeAll(pipes.parent), closeAll(target.held))
	}
	errs := []error{closeAll(pipes.child)}
	late := time.AfterFunc(readyWithin, func() { _ = cmd.Process.Kill() })

	isReady, ready := context.WithCancel(context.Background())
	go pipes.sendRequest(call, target.setup, isReady.Done())
	replies, crashes := make(chan reply, 1), make(chan string, 1)
	go func() {
		defer ready()
		replies <- pipes.readReply(call.result, func() {
			late.Stop()
			pipes.coverage.ranAs(c.credential, cmd.Process.Pid)
			ready()
		})
	}()
	go func() { crashes <- pipes.readCrash() }()

	var exit exit
	exit.waited = cmd.Wait()
	exit.state, exit.cause = cmd.ProcessState, context.Cause(ctx)
	exit.late = !late.Stop() // also if readReply stopped it: then there is a reply
	// The child is gone, and all it wrote is there: only another process that holds a pipe keeps it open.
	deadline := time.Now().Add(grace)
	errs = append(errs, pipes.reply.SetReadDeadline(deadline), pipes.crash.SetReadDeadline(deadline))
	exit.reply, exit.crash = <-replies, <-crashes
	if exit.state.Exited() {
		errs = append(errs, pipes.coverage.collect())
	}
	errs = append(errs, closeAll(pipes.parent), closeAll(target.held))
	return errors.Join(append([]error{exit.result(call.result != nil)}, errs...)...)
}

// command makes the command of a child.
func (c *config) command(t target, p *pipes) *command.Cmd {
	args := []string{os.Args[0]}
	if flag.Lookup("test.run") != nil {
		// If a test binary forgets CheckAction, its child comes to run the tests: it should
		// then run none.
		args = append(args, "-test.run=^$")
	}
	var coverage *os.File // none
	if p.coverage != nil {
		coverage = p.coverage.dir
	}
	cmd := &command.Cmd{
		Path:       handshake.Program(),
		Args:       append(args, c.args...),
		Env:        slices.Concat(os.Environ(), p.coverage.environment(), c.env, []string{p.env}),
		Dir:        c.dir,
		Stdin:      c.stdin,
		Stdout:     c.stdout,
		Stderr:     c.stderr,
		ExtraFiles: append(slices.Clip(p.child), coverage),
		WaitDelay:  grace,
		Attr:       t.attr,
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	return cmd
}

// notStarted says in the terms of package set what a child failed at on its way, and of other errors
// what helps if a limit is reached.
func notStarted(err error) error {
	var failed *forkexec.Error
	if _, said := errors.AsType[*set.Error](err); said {
		return err
	}
	if errors.As(err, &failed) {
		return &set.Error{Op: string(failed.Step), Kind: failed.Flag, Err: failed.Cause()}
	}
	if text := denial.Exhausted("fork", err); text != "" {
		return fmt.Errorf("%w (%s)", err, text)
	}
	return err
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
