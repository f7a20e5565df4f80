// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"slices"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A command is how a child is started.
type command interface {
	Start() error
	Wait() error
	pid() int
	signal(os.Signal) error
	state() *os.ProcessState
}

// A plain one is package os/exec's: the child is where the calling thread is. It is made
// by vfork(2), which does not copy this process's page tables.
type plain struct{ *exec.Cmd }

// A placed one is package set's.
type placed struct{ *set.Cmd }

func (p plain) pid() int  { return p.Process.Pid }
func (p placed) pid() int { return p.Process.Pid }

func (p plain) signal(s os.Signal) error  { return p.Process.Signal(s) }
func (p placed) signal(s os.Signal) error { return p.Process.Signal(s) }

func (p plain) state() *os.ProcessState  { return p.ProcessState }
func (p placed) state() *os.ProcessState { return p.ProcessState }

// command makes the command of a child.
func (c *config) command(ctx context.Context, place *place, w *wires) command {
	cmd := exec.CommandContext(ctx, selfPath)
	cmd.Args = append(childArgs(), c.args...)
	cmd.Dir = c.workDir()
	cmd.Env = slices.Concat(os.Environ(), w.coverage.environment(), c.env, []string{w.env})
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.stdin, c.stdout, c.stderr
	cmd.ExtraFiles = w.extraFiles()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = grace
	if place == nil {
		return plain{cmd}
	}
	return placed{place.command(ctx, c, cmd)}
}

// command makes a command that executes this program in there, and otherwise is like
// another one.
func (p *place) command(ctx context.Context, c *config, like *exec.Cmd) *set.Cmd {
	ctx = forkexec.With(ctx, func(attr *forkexec.Attr) {
		attr.Joins = append(attr.Joins, p.joins...)
		attr.Program = &forkexec.Program{FD: int(p.exe.Fd())}
		c.become(attr)
		if attr.StartsOutside() {
			attr.Program.Root = rootFD
			p.arrival = c.arrival()
		}
	})
	cmd := p.set.Command(ctx, selfPath)
	cmd.Args, cmd.Dir, cmd.Env = like.Args, like.Dir, like.Env
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = like.Stdin, like.Stdout, like.Stderr, like.ExtraFiles
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = like.WaitDelay
	return cmd
}

// childArgs returns the child's arguments. If a test binary forgets CheckAction,
// its child comes to run the tests: it should then run none.
func childArgs() []string {
	args := []string{os.Args[0]}
	if flag.Lookup("test.run") != nil {
		args = append(args, "-test.run=^$")
	}
	return args
}
