// SPDX-License-Identifier: Apache-2.0

// Package forkexec starts processes in namespaces that no thread of a Go process
// can join, and holds new namespaces of such kinds: fork, setns(2) in the child,
// exec, without cgo.
//
//	p, err := forkexec.Start(ctx, []string{"/bin/ip"}, []string{"ip", "link"}, &forkexec.Attr{
//		Joins: []forkexec.Join{{FD: user, Flag: unix.CLONE_NEWUSER}, {FD: net, Flag: unix.CLONE_NEWNET}},
//		Files: []uintptr{0, 1, 2},
//	})
//
// # What a child has in common with one of os/exec, and what not
//
// It gets exactly the descriptors, environment and arguments that it is given,
// default signal handlers, and the signal mask of a Go thread. It differs in these:
//
//   - It dies with this process: PR_SET_PDEATHSIG is SIGKILL unless the
//     SysProcAttr asks for another signal, or there is a Guard. The thread that it comes from lives
//     until it has been waited for, so the end of a thread kills no child. Replacing
//     this process by execve(2) does: it ends that thread.
//   - It keeps its user and groups when it joins a user namespace, as long as
//     that maps them. If it does not, the child becomes root in there, provided
//     that the namespace has a root. A Credential overrides this.
//   - In another mount namespace, and without a Dir, it starts in the folder that
//     has the name of the caller's working directory, or in / if there is none.
//   - Its soft limit of open files is what Go raised this process's to: only
//     package syscall knows what it was before.
//   - It is a copy of this process, made by fork, where one that shares this
//     process's memory could not join a time namespace (EUSERS), or would take the right
//     to be traced and dumped away from this process, by joining a user namespace or by
//     a Credential; and where a second process is needed. The cost of a copy grows with the memory
//     in use, as it does in C. Elsewhere it shares the memory, and this process goes on meanwhile.
//
// The last two are not so where a thread can join all namespaces, and come back: network, uts and cgroup namespaces, by a
// process that is root where it started, without a Credential. There package syscall starts the program, by vfork.
package forkexec

import (
	"fmt"
	"syscall"
)

// Unchanged is the Propagation that leaves each mount as it was copied.
const Unchanged = ^uintptr(0)

// A Join is a namespace to join: setns(FD, Flag).
type Join struct {
	FD   int
	Flag int // CLONE_NEW*, one

	// Path, if not empty, is opened in place of FD, right before it is joined: it
	// is looked up in what was joined before.
	Path string
}

// An Attr says how a process is to be started.
type Attr struct {
	Joins []Join // joined in this order, before anything else happens

	// Dir, if not empty, is the working directory, looked up inside.
	Dir string

	// Env is the environment, as it is: nil is an empty one.
	Env []string

	// Files become the descriptors 0, 1, 2, ... of the process; ^uintptr(0)
	// leaves a number closed. All others are closed that are close-on-exec.
	Files []uintptr

	// Propagation is what the mounts of a new mount namespace get (sys.Private,
	// ...; Sys.Unshareflags makes one); 0 is private, Unchanged leaves each as it is.
	Propagation uintptr

	// Sys may have Chroot, Credential, Setsid, Setpgid, Pgid, Setctty, Ctty,
	// Noctty, Pdeathsig and Unshareflags, all as in package syscall. What else
	// it asks for is refused with errors.ErrUnsupported.
	Sys *syscall.SysProcAttr

	// Configure, if not nil, writes /proc/PID/uid_map, gid_map and setgroups of the user namespace that
	// Sys.Unshareflags makes, below this process's own: it has to be the only one that the process gets into. The other
	// new namespaces are made after that. An error is what Start returns.
	Configure func(pid int) error

	// Program, if not nil, is executed in place of the paths.
	Program *Program

	// Guard, if not nil, is called with the process's number before that executes its program, which then has no
	// parent-death signal: whoever is called sees to its end. An error is what Start returns.
	Guard func(pid int) error

	bornInside bool // the child is born in another pid namespace, which no Join says
}

// A Program is an open file to execute, where no path may lead to it.
type Program struct {
	FD int

	// Root, if not 0, is for a program that can go to its root directory by itself
	// ([Attr.StartsOutside]): if it is root, it is executed with the root directory of this
	// process, as it may need a dynamic loader and libraries. It finds the one
	// that it is to have as descriptor Root, with a number above those of Files, and all
	// else that comes after a change of root, Credential and Dir, is up to it. If it
	// finds that it is not root, everything is done. It has the descriptor in either case.
	Root int
}

// A Setup is what [Hold] makes of new namespaces besides.
type Setup struct {
	// Propagation is what the mounts of a new mount namespace get, as in Attr.
	Propagation uintptr

	// Offsets, if not empty, is written to timens_offsets of a new time namespace.
	Offsets string

	// Configure, if not nil, writes /proc/PID/uid_map, gid_map and setgroups. Nobody has
	// entered the new pid and time namespaces yet. An error is what Hold returns.
	Configure func(pid int) error

	// Open names the namespaces to open, as in /proc/PID/ns: a new pid namespace as
	// pid_for_children, a new time namespace as time_for_children.
	Open []string
}

// A Step is what was done when it failed.
type Step string

// The steps of [Order], and then those on a child's way, in order.
const (
	Stat       Step = "fstat"
	Parents    Step = "find the parents of"
	Owner      Step = "find the owner of"
	Session    Step = "setpgid"
	Setns      Step = "setns"
	Unshare    Step = "unshare"
	Mount      Step = "mount"
	Fork       Step = "fork"
	Wait       Step = "wait"
	Chroot     Step = "chroot"
	Credential Step = "credential"
	Chdir      Step = "chdir"
	Signal     Step = "prctl"
	Files      Step = "descriptors"
	Open       Step = "open"
	WriteFile  Step = "write"
	Send       Step = "sendmsg"
	Exec       Step = "exec"
	Exit       Step = "exit"
)

// An Error tells at which step a child failed, or [Order], and why. It unwraps to the errno.
type Error struct {
	Step Step
	Flag int    // the namespace's CLONE_NEW*, with Open, Setns, Unshare, Mount and the steps of Order
	Path string // what Err is about, where several would be possible: the namespace's, if it was joined by path
	Err  error  // an errno, of a child
}

func (e *Error) Error() string {
	if e == nil {
		return "<nil>"
	}
	text := string(e.Step)
	if e.Flag != 0 {
		text = fmt.Sprintf("%s %#x", e.Step, e.Flag)
	}
	if e.Err == nil {
		return text + ": unknown error"
	}
	return text + ": " + e.Err.Error()
}

// Cause is the error, with the path that it is about.
func (e *Error) Cause() error {
	if e.Path == "" {
		return e.Err
	}
	return fmt.Errorf("%s: %w", e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}
