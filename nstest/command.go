// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/keep"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// waitDelay is how long what a command has started may hold its output open when it has
// ended.
const waitDelay = time.Second

// madeBy has the instance of each [*set.Cmd] that a fixture has made.
var madeBy sync.Map

// Command returns the command to run a program in the fixture's namespaces, as
// [set.Set.Command] does. What it writes goes to the log of the test, unless Stdout and
// Stderr say otherwise, or Output and CombinedOutput are used.
//
// When the test ends, and before its clean-ups, a command that still runs is killed, and is waited for if the
// test has not done so. With NSTEST_KEEP=failed,processes it lives on with the fixture, unless somebody waits for it. Its exit status does not make the test fail: that is for the test to decide.
func (f *Fixture) Command(name string, args ...string) *set.Cmd {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	over := tb.Context()
	ctx, kill := context.WithCancel(context.WithoutCancel(over))
	cmd := in.Set.Command(ctx, name, args...)
	cmd.Log, cmd.WaitDelay, cmd.Releasable = tb.Output(), waitDelay, keep.Programs()
	program := &keep.Program{In: in.Instance, Scope: lifecycle.ScopeOf(tb), Name: name, Cmd: cmd}
	program.Watch()
	madeBy.Store(cmd, in)
	end := sync.OnceFunc(func() {
		if !program.LetGo() {
			kill()
		}
	})
	ended := make(chan struct{})
	stop := context.AfterFunc(over, func() {
		defer close(ended)
		in.NoteFailure() // what it has brought about
		end()
	})
	in.cleanup(tb, func() error {
		if !stop() {
			<-ended // on a goroutine of its own, which must not ask a test that is over
		}
		madeBy.Delete(cmd)
		if cmd.Process == nil {
			end()
			cmd.Err = cmp.Or(cmd.Err, errors.New("nstest: the test has ended"))
			_ = cmd.Start() // which fails, and closes its pipes
			return nil
		}
		end()
		_ = cmd.Wait() // which fails, since it was killed, lives on, or was waited for
		return nil
	})
	return cmd
}
