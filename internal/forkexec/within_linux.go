// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procns"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"golang.org/x/sys/unix"
)

// The short way to a program, where the thread that forks can join all namespaces, and come back:
//
//  1. It joins them, and the child is in them from birth. So nothing is left to the child that package syscall
//     does not do, whose vfork(2) takes no copy of this process's memory: half the time, and less with more memory.
//  2. In a pid namespace that does not do: syscall takes a child without a parent in its own pid namespace for an orphan. There
//     the child is forked as always, but once, and not by a first child.
//  3. The thread goes back, and stays for as long as the child lives, as always.
//
// What fails before there is a child of a script is done again the long way, which knows how to say what it was. As in package os/exec the thread waits for
// the exec: who stops the child in between stops this program. That is for somebody who could stop the program as well: nobody
// else sees the child. So a pid namespace of another user namespace is entered the long way, by a child that is hidden.

// The kinds of which a thread was found to come back, and not to: a process without CAP_SYS_ADMIN where it started lacks
// what that takes.
var comesBack, stuck atomic.Int32

// startWithin starts a program by the short way. If there is no thread and no error, it is the long way's turn.
func startWithin(ctx context.Context, path string, argv []string, attr *Attr) (pid int, t *forkThread, err error) {
	if !attr.joinsByThread() {
		return 0, nil, nil
	}
	t = onForkThread(func() (restored bool) {
		if able, restored := attr.tryThread(); !able {
			return restored
		}
		moved, failed := attr.joinHere()
		if failed == nil {
			pid, err = attr.startHere(ctx, path, argv)
		}
		return procns.Restore(moved)
	})
	if pid == 0 {
		t.release()
		t = nil
	}
	return pid, t, err
}

// joinsByThread reports whether a thread is to join the namespaces.
func (a *Attr) joinsByThread() bool {
	if len(a.Joins) == 0 || a.Program != nil || a.Guard != nil || a.Sys != nil && (a.Sys.Unshareflags != 0 || refuse(a.Sys) != nil) {
		return false
	}
	if a.joins(unix.CLONE_NEWPID) && a.Sys != nil && a.Sys.Setpgid && a.Sys.Pgid != 0 {
		return false // a number of this process's pid namespace
	}
	possible := kind.Restorable &^ int(stuck.Load())
	return !slices.ContainsFunc(a.Joins, func(j Join) bool {
		return j.Path != "" || j.Flag&^possible != 0 || j.Flag == kind.PID && !ownedHere(j.FD)
	})
}

// ownedHere reports whether a namespace belongs to the user namespace of this process.
func ownedHere(fd int) bool {
	owner, err := sys.NewFD(fd).UserNamespace()
	if err != nil {
		return false
	}
	id, err := owner.InodeID()
	return errors.Join(err, owner.Close()) == nil && procns.Has(kind.User, id)
}

// tryThread finds out whether the calling thread can join the namespaces and come back, which it does. It is looked at once.
func (a *Attr) tryThread() (able, restored bool) {
	var kinds int32
	for _, j := range a.Joins {
		kinds |= int32(j.Flag)
	}
	if comesBack.Load()&kinds == kinds {
		return true, true
	}
	moved, err := a.joinHere()
	if !procns.Restore(moved) {
		stuck.Or(int32(moved))
		return false, false
	}
	if err == nil {
		comesBack.Or(kinds)
	}
	return err == nil, true
}

// joinHere moves the calling thread into the namespaces, and returns the kinds in which it has.
func (a *Attr) joinHere() (moved int, err error) {
	for _, j := range a.Joins {
		if err := sys.Setns(sys.NewFD(j.FD), j.Flag); err != nil {
			return moved, err
		}
		moved |= j.Flag
	}
	return moved, nil
}

// startHere starts a program where the calling thread is. There is no error, and no process, where only the long way knows what failed.
func (a *Attr) startHere(ctx context.Context, path string, argv []string) (pid int, err error) {
	if a.joins(unix.CLONE_NEWPID) {
		return a.forkHere(ctx, path, argv)
	}
	var attr syscall.SysProcAttr
	if a.Sys != nil {
		attr = *a.Sys
	}
	if attr.Pdeathsig == 0 {
		attr.Pdeathsig = unix.SIGKILL
	}
	pid, _, err = syscall.StartProcess(path, argv, &syscall.ProcAttr{Dir: a.Dir, Env: a.Env, Files: a.Files, Sys: &attr})
	if err != nil {
		return 0, nil
	}
	return pid, nil
}

// forkHere does so by a script, whose child is born into the pid namespace that the thread has joined.
func (a *Attr) forkHere(ctx context.Context, path string, argv []string) (pid int, err error) {
	within := *a
	within.Joins, within.bornInside = nil, true
	var second int32 // there is none
	var calls questions
	c, err := fork(max(3, len(within.Files)), func(s *script) (err error) {
		calls, err = s.emitProgram([]string{path}, argv, &within, &second)
		return err
	})
	if err != nil {
		return 0, err
	}
	return c.executed(ctx, &within, calls, &second)
}
