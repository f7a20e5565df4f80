// SPDX-License-Identifier: Apache-2.0

// Package command starts processes and waits for them, for Set.Command of package set and for the
// actions of package reexec: there is no other road to a process. It has the shape and the names of
// package os/exec, and differs from it in where a process can be started.
package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/creation"
	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/holder"
)

// A Cmd is a process to start, once. The fields that exec.Cmd has too mean the same here.
type Cmd struct {
	Path string
	Args []string
	Env  []string
	Dir  string

	Stdin          io.Reader
	Stdout, Stderr io.Writer
	ExtraFiles     []*os.File

	Cancel    func() error
	WaitDelay time.Duration

	// Attr has what package forkexec needs to know besides: the namespaces to join, and Sys. If it is
	// nil, the process is a child such as package os makes: in the namespaces of the calling thread,
	// and by vfork(2), which does not copy this process's page tables.
	Attr *forkexec.Attr

	// Search makes Path a name that is looked for in the folders of PATH, in the namespaces of Attr.
	Search bool

	// Releasable has a guard kill the process when this one ends (package holder), so that Release can take that back. It
	// needs an Attr.
	Releasable bool

	// Started, if not nil, is called with the process, before Cancel can be called.
	Started func(*os.Process)

	Process      *os.Process
	ProcessState *os.ProcessState

	child interface {
		Wait() (*os.ProcessState, error)
	}
	guard         *holder.Guard  // nil unless it is Releasable
	childIOFiles  []io.Closer    // closed when Start returns
	parentIOPipes []io.Closer    // closed by Wait
	outputs       []*os.File     // those of them that are read
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
	args, env := c.Args, (&exec.Cmd{Env: c.Env, Dir: c.Dir}).Environ()
	if len(args) == 0 {
		args = []string{c.Path}
	}
	if c.Attr != nil {
		return c.fork(ctx, args, env, files)
	}
	c.Process, err = os.StartProcess(c.Path, args, &os.ProcAttr{Dir: c.Dir, Env: env, Files: files})
	c.child = c.Process
	return err
}

// fork starts the process in other namespaces.
func (c *Cmd) fork(ctx context.Context, args, env []string, files []*os.File) error {
	paths := []string{c.Path}
	if c.Search {
		if paths = inPATH(c.Path); len(paths) == 0 {
			return c.explained(&forkexec.Error{Step: forkexec.Exec, Err: syscall.ENOENT})
		}
	}
	attr := *c.Attr
	attr.Dir, attr.Env = c.Dir, env
	if c.Releasable {
		attr.Guard = c.startGuard
	}
	for _, f := range files {
		fd := ^uintptr(0) // none
		if f != nil {
			fd = f.Fd()
		}
		attr.Files = append(attr.Files, fd)
	}
	defer runtime.KeepAlive(files)
	child, err := forkexec.Start(ctx, paths, args, &attr)
	if err != nil {
		return c.explained(errors.Join(err, c.dismissGuard()))
	}
	c.child, c.Process = child, child.Process
	return nil
}

// inPATH returns where a program may be. A folder that is not absolute is left out of
// PATH: whose working directory would it be in?
func inPATH(name string) (paths []string) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(dir) {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	return paths
}

// Wait waits for the end of the process and of what is copied. If the process does not end with
// exit status 0, the error is an [*exec.ExitError]. It is to be called once.
func (c *Cmd) Wait() error {
	state, err := c.child.Wait()
	unguarded := c.dismissGuard()
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
	return cmp.Or(err, watched.err, copied, unguarded)
}
