// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// An Option says how to run an action.
type Option func(*config)

type config struct {
	ctx    context.Context
	args   []string
	env    []string
	nested bool

	// Where and who the child will be.
	in          *set.Set
	hasUnshare  bool
	unshare     int
	unshareOpts []set.UnshareOpt
	namespaces  []Namespace
	chroot      string
	credential  *credential
	dir         string

	stdin          io.Reader
	stdout, stderr io.Writer

	// The seed-style API passes values over standard input and output.
	param     any
	hasParam  bool
	result    any
	hasResult bool
	answer    *answer // what the action prints, if there is a result
}

func newConfig(opts []Option) *config {
	c := &config{ctx: context.Background(), stdout: os.Stdout, stderr: os.Stderr}
	for _, opt := range opts {
		opt(c)
	}
	if c.dir == "" && c.chroot != "" {
		c.dir = "/"
	}
	return c
}

var errValuesOfTyped = errors.New("Param and Result are for RunReexecAction; " +
	"a typed action takes its parameter and returns its result")

// Stdin makes the action read r; without it, it reads an empty input.
func Stdin(r io.Reader) Option { return func(c *config) { c.stdin = r } }

// Stdout makes the action's standard output go to w; without it, it goes to this
// process's. A nil w discards it.
func Stdout(w io.Writer) Option { return func(c *config) { c.stdout = w } }

// Stderr makes the action's standard error go to w; without it, it goes to this
// process's. A nil w discards it. Output on standard error is not a failure.
func Stderr(w io.Writer) Option { return func(c *config) { c.stderr = w } }

// Log makes what the action prints, on standard output and standard error, part of a
// test's log. Every [testing.TB] has this method.
func Log(tb interface{ Output() io.Writer }) Option {
	return func(c *config) { c.stdout, c.stderr = tb.Output(), tb.Output() }
}

// Dir makes the action start in that working directory, looked up inside of its
// namespaces and its root directory.
func Dir(dir string) Option { return func(c *config) { c.dir = dir } }

// Environment adds variables, as "NAME=value", to the ones of this process.
func Environment(env []string) Option {
	return func(c *config) { c.env = append(c.env, env...) }
}

// Args sets the arguments of the child. Without Args, it has none.
func Args(args ...string) Option { return func(c *config) { c.args = append(c.args, args...) } }

// Nested is for a Run that an action calls: it lets that action run another one, and
// says nothing to the Run that the action itself came from. Without it the inner Run is an error
// ([ErrNested]): an action that calls code which happens to re-execute the
// program would otherwise go on doing so for ever.
func Nested() Option { return func(c *config) { c.nested = true } }

// Context ends a RunReexecAction when ctx is done, as described at [Action.Run].
func Context(ctx context.Context) Option { return func(c *config) { c.ctx = ctx } }

// Param gives a registered action a value, as JSON on its standard input.
func Param(param any) Option {
	return func(c *config) { c.param, c.hasParam = param, true }
}

// Result receives what a registered action prints on its standard output: one
// JSON value, decoded into what result points to. See [RunReexecAction] for an action
// that goes on afterwards.
func Result(result any) Option {
	return func(c *config) { c.result, c.hasResult = result, true }
}
