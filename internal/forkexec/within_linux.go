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

// The short way to a program, where the thread that forks can join namespaces:
//
//  1. It joins them, and the child is in them from birth. If they are all, and it can come back, nothing is left to the child
//     that package syscall does not do, which copies no memory (vfork(2)). As in package os/exec the thread waits for the exec then.
//  2. In a pid namespace that does not do: syscall takes a child without a parent in its own pid namespace for an orphan. There
//     the thread joins only that, for which the long way takes a second process, and the child of a script joins the others.
//  3. The thread goes back, and stays for as long as the child lives, as always. Where it cannot, it ends then: an ordinary
//     user's does not come back from a pid namespace.
//
// What fails before there is a child of a script is done again the long way, which knows how to say what it was. Who is born into a
// pid namespace is seen there before it could be hidden. So one of another user namespace is entered the long way.

// The kinds of which a thread was found to come back, and not to: a process without CAP_SYS_ADMIN where it started lacks
// what that takes.
var comesBack, stuck atomic.Int32

// startWithin starts a program by the short way. If there is no thread and no error, it is the long way's turn.
func startWithin(ctx context.Context, paths, argv []string, attr *Attr) (pid int, t *forkThread, err error) {
	here, left := attr.joinsByThread(len(paths))
	if len(here) == 0 {
		return 0, nil, nil
	}
	t = onForkThread(func() (restored bool) {
		inPID := attr.joins(kind.PID)
		if !inPID {
			if able, restored := tryThread(here); !able {
				return restored
			}
		}
		moved, failed := joinHere(here)
		switch {
		case failed != nil:
		case inPID:
			pid, err = attr.forkHere(ctx, paths, argv, left)
		default:
			pid = attr.startHere(paths[0], argv)
		}
		return procns.Restore(moved)
	})
	if pid == 0 {
		t.release()
		t = nil
	}
	return pid, t, err
}

// joinsByThread returns the namespaces that a thread is to join, if any, and those that are left to the child. A program is at
// one of so many paths.
func (a *Attr) joinsByThread(paths int) (here, left []Join) {
	var sys syscall.SysProcAttr
	if a.Sys != nil {
		sys = *a.Sys
	}
	pid := func(j Join) bool { return j.Flag == kind.PID }
	switch i := slices.IndexFunc(a.Joins, pid); {
	case a.Guard != nil, a.entersUser(), sys.Unshareflags != 0, refuse(&sys) != nil:
		return nil, nil
	case slices.ContainsFunc(a.Joins, func(j Join) bool { return j.Path != "" }):
		return nil, nil // it is looked up in what was joined before
	case i >= 0:
		// The number of a process group is one of this process's pid namespace.
		if sys.Setpgid && sys.Pgid != 0 || !ownedHere(a.Joins[i].FD) {
			return nil, nil
		}
		return a.Joins[i : i+1], slices.DeleteFunc(slices.Clone(a.Joins), pid)
	case a.Program == nil && paths == 1 && sys.Credential == nil: // a change of which is not for shared memory, see share_linux.go
		possible := kind.Restorable &^ int(stuck.Load())
		if !slices.ContainsFunc(a.Joins, func(j Join) bool { return j.Flag&^possible != 0 }) {
			return a.Joins, nil
		}
	}
	return nil, nil
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
func tryThread(joins []Join) (able, restored bool) {
	var kinds int32
	for _, j := range joins {
		kinds |= int32(j.Flag)
	}
	if comesBack.Load()&kinds == kinds {
		return true, true
	}
	moved, err := joinHere(joins)
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
func joinHere(joins []Join) (moved int, err error) {
	for _, j := range joins {
		if err := sys.Setns(sys.NewFD(j.FD), j.Flag); err != nil {
			return moved, err
		}
		moved |= j.Flag
	}
	return moved, nil
}

// startHere starts a program where the calling thread is. There is no process where only the long way knows what failed.
func (a *Attr) startHere(path string, argv []string) (pid int) {
	var attr syscall.SysProcAttr
	if a.Sys != nil {
		attr = *a.Sys
	}
	if attr.Pdeathsig == 0 {
		attr.Pdeathsig = unix.SIGKILL
	}
	pid, _, err := syscall.StartProcess(path, argv, &syscall.ProcAttr{Dir: a.Dir, Env: a.Env, Files: a.Files, Sys: &attr})
	if err != nil {
		return 0
	}
	return pid
}

// forkHere does so by a script, whose child is born into the pid namespace that the thread has joined, and joins what is left.
func (a *Attr) forkHere(ctx context.Context, paths, argv []string, left []Join) (pid int, err error) {
	within := *a
	within.Joins, within.bornInside = left, true
	var second int32 // there is none
	var calls questions
	c, err := fork(max(3, len(within.Files)), func(s *script) (err error) {
		calls, err = s.emitProgram(paths, argv, &within, &second)
		return err
	})
	if err != nil {
		return 0, err
	}
	return c.executed(ctx, &within, calls, &second)
}
