// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/forward"
	"github.com/seed-1bc5c4a2/gonso/internal/kept"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// enter runs a program in a fixture, and returns the exit status.
func enter(e *kept.Entry, f *kept.Fixture, p program) int {
	ended, err := runIn(e, f, p)
	if err != nil {
		printError("enter: %s", oneLine(err))
		return ownFailure
	}
	return endAs("enter", ended)
}

func runIn(e *kept.Entry, f *kept.Fixture, p program) (ended syscall.WaitStatus, err error) {
	s, err := namespacesOf(e, f)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	cmd, signals, err := startIn(s, p)
	if p.spare != "" && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound)) {
		p.args[0] = p.spare
		cmd, signals, err = startIn(s, program{args: p.args[:1], env: p.env})
	}
	if err != nil {
		return 0, err
	}
	go signals.Pass(cmd.Process.Signal)
	if err := cmd.Wait(); err != nil && cmd.ProcessState == nil {
		return 0, err
	}
	return cmd.ProcessState.Sys().(syscall.WaitStatus), nil
}

// startIn starts a program in the terminal that this process has. The signals are to be passed on.
func startIn(s set.Set, p program) (*set.Cmd, forward.Signals, error) {
	cmd := s.Command(context.Background(), p.args[0], p.args[1:]...)
	cmd.Env = p.env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	signals := forward.Listen()
	if err := cmd.Start(); err != nil {
		signals.Stop()
		return nil, nil, err
	}
	return cmd, signals, nil
}

// namespacesOf opens the namespaces of a fixture, and those around it.
func namespacesOf(e *kept.Entry, f *kept.Fixture) (_ set.Set, err error) {
	fds := make(set.FdSet)
	defer func() { err = errors.Join(err, fds.Close()) }()
	for _, n := range append(append([]kept.Namespace(nil), e.Around...), f.Namespaces...) {
		file, err := n.Open()
		if err != nil {
			return set.Set{}, err
		}
		if around := fds.Get(n.Flag()); around != nil { // one of the fixture's own is in its place
			err = around.Close()
		}
		fds[n.Flag()] = file
		if err != nil {
			return set.Set{}, err
		}
	}
	if !e.Holder.Lives() { // so that the paths may be those of another process
		return set.Set{}, fmt.Errorf("process %d, which held the namespaces, has ended", e.Holder.PID)
	}
	return set.FromFds(fds)
}
