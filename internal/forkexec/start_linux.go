// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Start starts the first of the programs that exists and may be executed, as
// execvp(3) does, with the namespaces joined: the paths are looked up inside. A
// failure of the child is an [*Error]. When the context ends before the program runs, the
// child is killed, unless package syscall starts it (see within_linux.go). The process has to be waited for.
func Start(ctx context.Context, paths, argv []string, attr *Attr) (*Process, error) {
	if len(paths) == 0 || len(argv) == 0 {
		return nil, errors.New("forkexec: no program or no arguments")
	}
	pid, thread, err := startWithin(ctx, paths, argv, attr)
	if err == nil && thread == nil {
		pid, thread, err = startOutside(ctx, paths, argv, attr)
	}
	if err != nil {
		return nil, err
	}
	return found(pid, thread)
}

// startOutside starts a program by a child that joins all namespaces by itself.
func startOutside(ctx context.Context, paths, argv []string, attr *Attr) (pid int, t *forkThread, err error) {
	born := new(int32)
	if attr.takesSecond() {
		page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANON)
		if err != nil {
			return 0, nil, fmt.Errorf("mmap: %w", err)
		}
		defer func() { _ = unix.Munmap(page) }() // it cannot fail
		born = (*int32)(unsafe.Pointer(&page[0]))
	}
	var calls questions
	c, err := launch(max(3, len(attr.Files)), func(s *script) (err error) {
		calls, err = s.emitProgram(paths, argv, attr, born)
		return err
	})
	if err != nil {
		return 0, nil, err
	}
	if pid, err = c.executed(ctx, attr, calls, born); err != nil {
		c.thread.release()
		return 0, nil, err
	}
	return pid, c.thread, nil
}

// found returns a child by its number, which is still its own: nobody has waited for it.
func found(pid int, thread *forkThread) (*Process, error) {
	p, err := os.FindProcess(pid)
	if err != nil {
		thread.release()
		return nil, err
	}
	return &Process{p, thread.release}, nil
}

// takesSecond reports whether it is a second process that becomes the program.
func (a *Attr) takesSecond() bool {
	return a.joins(unix.CLONE_NEWPID) || a.Sys != nil && a.Sys.Unshareflags&(unix.CLONE_NEWPID|unix.CLONE_NEWTIME) != 0
}

// questions are the calls of a script after which the child waits for an answer, if the Attr has one.
type questions struct {
	mapless   int32 // asks for ID maps
	unguarded int32 // asks for a guard
}

// executed waits until the program runs, and returns its pid. The kernel puts the pid of a second process into born.
func (c *child) executed(ctx context.Context, attr *Attr, calls questions, born *int32) (pid int, err error) {
	w := &watch{
		pids: func() []int {
			if *born == 0 {
				return []int{c.pid}
			}
			return []int{c.pid, int(*born)}
		},
		end: func() error { return context.Cause(ctx) },
	}
	if err = errors.Join(c.awaitExec(w, attr, calls), c.channel.Close()); err != nil {
		// The first one first: it clones no longer then.
		failed := kill(c.pid)
		c.script.forget(failed == nil)
		err = errors.Join(err, failed)
		if *born != 0 {
			err = errors.Join(err, killSoon(int(*born)))
		}
		return 0, err
	}
	c.script.forget(true)
	if !attr.takesSecond() {
		return c.pid, nil
	}
	status, err := reap(c.pid)
	switch pid = int(*born); {
	case pid == 0 && err == nil:
		return 0, early(status)
	case pid != 0 && err != nil:
		err = errors.Join(err, killSoon(pid))
	}
	return pid, err
}

// awaitExec waits until the last process that plays the script has executed its program, or has failed.
func (c *child) awaitExec(w *watch, attr *Attr, calls questions) error {
	for {
		m, err := c.receive(w)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err = errors.Join(err, c.script.failure(m.record)); err != nil {
			return err
		}
		switch {
		case attr.Configure != nil && m.call == calls.mapless:
			err = attr.Configure(c.pid)
		case attr.Guard != nil && m.call == calls.unguarded:
			err = attr.Guard(m.sender)
		default:
			continue
		}
		if err == nil {
			err = c.goOn()
		}
		if err != nil {
			return err
		}
	}
}

// emitProgram writes the script of a process that becomes a program.
func (s *script) emitProgram(paths, argv []string, attr *Attr, born *int32) (calls questions, err error) {
	sys := attr.Sys
	if sys == nil {
		sys = &syscall.SysProcAttr{}
	}
	if err := errors.Join(refuse(sys), attr.refuseConfigure()); err != nil {
		return calls, err
	}
	switch {
	case attr.sharesMemory():
		s.share()
	case attr.Configure == nil:
		s.emitHide()
	}
	s.emitDeathSignal(unix.SIGKILL)
	s.emit(Files, unix.SYS_CLOSE, uintptr(s.parents))
	if sys.Setpgid && sys.Pgid != 0 {
		// The number means something on this side of a pid namespace only.
		s.emit(Session, unix.SYS_SETPGID, 0, uintptr(sys.Pgid))
	}
	if attr.entersUser() || attr.Program != nil || moves(attr.Files) {
		if s.inherited, err = inherited(); err != nil {
			return calls, err
		}
	}
	s.reserve(max(3, len(attr.Files)), append(attr.descriptors(), s.inherited...)...)
	there, err := s.emitOutset(attr)
	if err != nil {
		return calls, err
	}
	// What is to go on by itself has to be root.
	if err := s.emitJoins(attr.Joins, sys.Credential == nil || there.outside != 0); err != nil {
		return calls, err
	}
	unshare := int(sys.Unshareflags)
	end := new(label)
	if attr.Configure != nil {
		calls.mapless = s.emitMapless(end)
		unshare &^= unix.CLONE_NEWUSER
	}
	if err := s.emitUnshares(unshare, attr.Propagation); err != nil {
		return calls, err
	}
	first := new(label)
	if attr.takesSecond() {
		s.emitClone(0, uintptr(unsafe.Pointer(born)), first)
	}
	if calls.unguarded, err = s.emitExec(paths, argv, attr, sys, &there); err != nil {
		return calls, err
	}
	s.mark(first)
	s.mark(end)
	s.emitExit()
	return calls, nil
}

// emitMapless makes a user namespace, and waits for its ID maps. Only who is not hidden can be given some, and
// nobody is in the namespace yet who could look at the process.
func (s *script) emitMapless(end *label) (call int32) {
	s.emit(Unshare, unix.SYS_UNSHARE, unix.CLONE_NEWUSER).of(unix.CLONE_NEWUSER)
	call = s.emitAnnounce(&record{})
	s.emitWait(end)
	s.emitHide()
	return call
}
