// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// How a program is executed where no path leads to it:
//
//  1. Before it goes anywhere, the child moves the program's descriptor out of the way
//     of Files, and opens the root directory.
//  2. Having joined everything, it opens the root directory again: the one that the
//     process is to have.
//  3. If it is root, it goes back to the first one: a root directory is one thing, the
//     mount namespace another. The dynamic loader and the libraries that the kernel
//     and the loader look for are there. The program goes the last step by itself.
//  4. If it is not root, the program would lack CAP_SYS_CHROOT for that step.
//     Until it executes the program the child has all capabilities in its user
//     namespace, so it goes the whole way, and the program has to find its
//     loader inside.
//  5. It also goes the whole way if it enters a user namespace: until the program has
//     gone that last step, root in there could get to the first root directory through
//     /proc/PID/root.

// StartsOutside reports whether a Program with a Root, if it is root, is executed with this
// process's root directory, and goes to its own by itself.
func (a *Attr) StartsOutside() bool {
	changes := a.joins(unix.CLONE_NEWNS) || a.Sys != nil && (a.Sys.Chroot != "" || a.Sys.Unshareflags&unix.CLONE_NEWNS != 0)
	return changes && !a.entersUser()
}

// entersUser reports whether the process gets into another user namespace.
func (a *Attr) entersUser() bool {
	return a.joins(unix.CLONE_NEWUSER) || a.Sys != nil && a.Sys.Unshareflags&unix.CLONE_NEWUSER != 0
}

func (a *Attr) joins(flag int) bool { return joined(a.Joins, flag) }

// reserve finds the numbers that moves must not take: those below least, and of what the
// child needs. The others are free, also where this process has something open: by number they
// may be the highest that RLIMIT_NOFILE allows, and dup3 gives no higher one (EBADF).
func (s *script) reserve(least int, needed ...uintptr) {
	s.free = uintptr(least)
	s.needed = append([]uintptr{uintptr(s.channel)}, needed...)
}

// descriptors are the numbers of those that the child needs, or gives away.
func (a *Attr) descriptors() []uintptr {
	fds := append(joinedFDs(a.Joins), a.Files...)
	if a.Program != nil {
		fds = append(fds, uintptr(a.Program.FD), uintptr(a.Program.Root))
	}
	return fds
}

func joinedFDs(joins []Join) (fds []uintptr) {
	for _, j := range joins {
		fds = append(fds, uintptr(j.FD))
	}
	return fds
}

// emitMove gives a descriptor a number of its own.
func (s *script) emitMove(fd uintptr) (to uintptr) {
	for slices.Contains(s.needed, s.free) {
		s.free++
	}
	to, s.free = s.free, s.free+1
	s.emit(Files, unix.SYS_DUP3, fd, to, unix.O_CLOEXEC)
	return to
}

// emitOpen opens a path, and has the next call use the descriptor.
func (s *script) emitOpen(step Step, path string, flags int) (*call, error) {
	at, err := s.text(path)
	if err != nil {
		return nil, err
	}
	here := unix.AT_FDCWD
	return s.emit(step, unix.SYS_OPENAT, uintptr(here), at, uintptr(flags|unix.O_CLOEXEC)).or(keep), nil
}

// emitOpenRoot opens the root directory.
func (s *script) emitOpenRoot() (fd uintptr, err error) {
	return s.emitOpenAs("/", unix.O_PATH|unix.O_DIRECTORY, Chroot)
}

// emitOpenAs opens a path, for a step, as a descriptor that has a number of its own.
func (s *script) emitOpenAs(path string, flags int, step Step) (fd uintptr, err error) {
	// The number is taken from now on: dup3 refuses to give a descriptor the one it has.
	fd = s.emitMove(uintptr(s.channel))
	if _, err := s.emitOpen(step, path, flags); err != nil {
		return 0, err
	}
	s.emit(Files, unix.SYS_DUP3, 0, fd, unix.O_CLOEXEC).onKept = true
	return fd, nil
}

// programFDs are the descriptors by which a script gets to an attr.Program.
type programFDs struct {
	exe     uintptr
	outside uintptr // the root directory to start in
	inside  uintptr // the root directory to have, 0 if it is the same
}

// emitOutset opens what is reached only from where this process is.
func (s *script) emitOutset(attr *Attr) (p programFDs, err error) {
	if attr.Program == nil {
		return p, nil
	}
	p.exe = s.emitMove(uintptr(attr.Program.FD))
	if attr.Program.Root != 0 && attr.StartsOutside() {
		p.outside, err = s.emitOpenRoot()
	}
	return p, err
}

// emitCreds writes the calls by which the process gets its user and its working
// directory. A root process whose program does that by itself is taken back outside
// instead.
func (s *script) emitCreds(attr *Attr, sys *syscall.SysProcAttr, p *programFDs) (err error) {
	if p.outside == 0 {
		s.emitCredential(sys.Credential)
		return s.emitChdir(attr, sys)
	}
	if p.inside, err = s.emitOpenRoot(); err != nil {
		return err
	}
	dot, err := s.text(".")
	if err != nil {
		return err
	}
	ordinary, out := new(label), new(label)
	s.emitJump(Chroot, sysGeteuid, 0, ordinary)
	s.emit(Chroot, unix.SYS_FCHDIR, p.outside)
	s.emit(Chroot, unix.SYS_CHROOT, dot)
	s.emitJump(Chroot, sysGeteuid, none, out)
	s.mark(ordinary)
	s.emit(Chroot, unix.SYS_FCHDIR, p.inside)
	s.emitCredential(sys.Credential)
	if err := s.emitChdir(attr, sys); err != nil {
		return err
	}
	s.mark(out)
	return nil
}

// joined reports whether one of the namespaces is of that kind.
func joined(joins []Join, flag int) bool {
	return slices.ContainsFunc(joins, func(j Join) bool { return j.Flag == flag })
}
