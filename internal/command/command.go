// SPDX-License-Identifier: Apache-2.0

// Package command starts processes and waits for them, for Set.Command of package set and for the
// actions of package reexec: the one road to a process. It has the shape of package os/exec,
// whose names it uses, and differs in where a process can be started:
//
//	files    childStdin, childStdout, childStderr: what the process reads and writes (stdio.go)
//	start    forkexec.Start, in other namespaces, or os.StartProcess, on the calling thread
//	watch    watchCtx: what the end of the context does (watch.go)
//	wait     Cmd.Wait: for the process, for the watch, for what is copied
package command

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/creation"
	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
)

// A Cmd is a process to start, once. The fields that exec.Cmd has too are what they are there.
type Cmd struct {
	// Paths are where the program may be: the first is started that exists and may be
	// executed.
	Paths []string
	Args  []string
	Env   []string
	Dir   string

	Stdin          io.Reader
	Stdout, Stderr io.Writer
	ExtraFiles     []*os.File

	Cancel    func() error
	WaitDelay time.Duration

	// Attr has what only package forkexec knows: the namespaces to join, and SysProcAttr; Start
	// sets the rest. If it is nil, the process is a child as package os starts them: where the
	// calling thread is, and by vfork(2), which does not copy this process's page tables.
	Attr *forkexec.Attr

	// Started, if not nil, is called with the process, before Cancel can be called.
	Started func(*os.Process)

	Process      *os.Process
	ProcessState *os.ProcessState

	child interface {
		Wait() (*os.ProcessState, error)
	}
	childIOFiles  []io.Closer    // closed when Start returns
	parentIOPipes []io.Closer    // closed by Wait
	goroutine     []func() error // what copies to and from the process
	goroutineErr  chan error     // the first error of these, once all have ended
	exited        chan struct{}  // closed by Wait
	ctxResult     chan ctxResult // nil if nobody watches the context
}

// Start starts the process, and returns once the program runs. A failure of the child on its way
// is a [*forkexec.Error]. When the context ends, Cancel is called, and WaitDelay begins.
func (c *Cmd) Start(ctx context.Context) error {
	if err := c.start(ctx); err != nil {
		c.ClosePipes()
		return err
	}
	closeDescriptors(c.childIOFiles)
	c.copyStdio()
	c.exited = make(chan struct{})
	// Not by c, which would keep the Process of a Cmd that nobody waits for, and its descriptor.
	creation.Add(c.exited, "a Cmd started", creation.Here(), creation.Process(c.Process.Pid))
	if c.Started != nil {
		c.Started(c.Process)
	}
	if ctx.Done() != nil && (c.Cancel != nil || c.WaitDelay != 0) {
		c.ctxResult = make(chan ctxResult, 1)
		go func() { c.ctxResult <- c.watchCtx(ctx) }()
	}
	return nil
}

// start starts the process, and nothing beside it.
func (c *Cmd) start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, v := range c.Env {
		if strings.ContainsRune(v, 0) {
			return fmt.Errorf("environment variable contains NUL: %w", os.ErrInvalid)
		}
	}
	files, err := c.childFiles()
	if err != nil {
		return err
	}
	if c.Attr == nil {
		c.Process, err = os.StartProcess(c.Paths[0], c.Args, &os.ProcAttr{Dir: c.Dir, Env: c.Environ(), Files: files})
		c.child = c.Process
		return err
	}
	attr := *c.Attr
	attr.Dir, attr.Env = c.Dir, c.Environ()
	for _, f := range files {
		fd := ^uintptr(0)
		if f != nil {
			fd = f.Fd()
		}
		attr.Files = append(attr.Files, fd)
	}
	defer runtime.KeepAlive(files)
	child, err := forkexec.Start(ctx, c.Paths, c.Args, &attr)
	if err != nil {
		return err
	}
	c.child, c.Process = child, child.Process
	return nil
}

// Environ returns the environment that the process gets.
func (c *Cmd) Environ() []string { return (&exec.Cmd{Env: c.Env, Dir: c.Dir}).Environ() }

// Wait waits for the end of the process and of what is copied. If the process does not end with
// exit status 0, the error is an [*exec.ExitError]. It is to be called once.
func (c *Cmd) Wait() error {
	state, err := c.child.Wait()
	creation.Remove(c.exited)
	c.ProcessState = state
	if err == nil && !state.Success() {
		err = &exec.ExitError{ProcessState: state}
	}
	close(c.exited)
	var watched ctxResult
	if c.ctxResult != nil {
		watched = <-c.ctxResult
	}
	copied := c.awaitGoroutines(watched.expired)
	closeDescriptors(c.parentIOPipes)
	// The first thing that went wrong is the likely cause of the others.
	return cmp.Or(err, watched.err, copied)
}
