// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// A script is what a child does: system calls, one after the other.
type script struct {
	calls   []call
	channel int       // the child's end
	parents int       // the parent's end, of which the child has a copy
	free    uintptr   // the least number that moves may take next
	needed  []uintptr // but for these

	inherited []uintptr // those that the program gets, since they are not close-on-exec

	pinned runtime.Pinner
}

// A call is a system call and what its result means.
type call struct {
	nr     uintptr
	args   [5]uintptr
	onKept bool // the first argument is what the last keep or branch gave

	then then
	want uintptr // with unless
	to   int     // with unless, branch and pending: the index of a call

	step Step // for the parent, as are flag and path
	flag int
	path string
}

// A then is what comes after a call. An errno ends the child unless it says otherwise.
type then uint8

const (
	onwards    then = iota // the next call
	regardless             // the next call, errno or not
	search                 // not found or not executable: the next call
	keep                   // the next call, which may use the result
	unless                 // a result other than want: the call at to
	branch                 // in the process that cloned: the call at to
	pending                // EAGAIN: the next call; all else: the call at to
)

// A record is a message from the child.
type record struct {
	call   int32 // its index in the script
	result int32 // -errno, a pid, or 0
}

// does appends a call. The step that it belongs to is that of the last call.
func (s *script) does(nr uintptr, args ...uintptr) *call {
	c := call{nr: nr}
	copy(c.args[:], args)
	if n := len(s.calls); n > 0 {
		c.step = s.calls[n-1].step
	}
	s.calls = append(s.calls, c)
	return &s.calls[len(s.calls)-1]
}

// at names the step that the call belongs to.
func (c *call) at(step Step, flag int) *call {
	c.step, c.flag = step, flag
	return c
}

// or sets what comes after the call.
func (c *call) or(t then) *call {
	c.then = t
	return c
}

// jumps appends a call whose result, other than want, leads to where the to of that
// call is set.
func (s *script) jumps(nr, want uintptr) (call int) {
	s.does(nr).or(unless).want = want
	return s.next() - 1
}

// next is the index that the next call gets.
func (s *script) next() int { return len(s.calls) }

// exits ends the process.
func (s *script) exits() { s.does(unix.SYS_EXIT_GROUP, 0).or(regardless) }

// none stands for no descriptor, and for a result that no call has.
const none = ^uintptr(0)

// joins enters the namespaces, and becomes root of a user namespace that does not
// know who it is. Who is unknown reads as 65534; one who was 65534 outside cannot tell.
func (s *script) joins(joins []Join, become bool) error {
	for _, j := range joins {
		if j.Path != "" {
			c, err := s.opens(j.Path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY) // whatever is there
			if err != nil {
				return fmt.Errorf("namespace %q: %w", j.Path, err)
			}
			c.at(Open, j.Flag).path = j.Path
		}
		c := s.does(unix.SYS_SETNS, uintptr(j.FD), uintptr(j.Flag)).at(Setns, j.Flag)
		c.onKept, c.path = j.Path != "", j.Path
		if j.Flag == unix.CLONE_NEWUSER {
			s.changesCredentials(true)
		}
	}
	const unknown = 65534
	if !become || !joined(joins, unix.CLONE_NEWUSER) || os.Geteuid() == unknown {
		return nil
	}
	known := s.jumps(sysGeteuid, unknown)
	s.does(sysSetgroups, 0, 0).or(regardless)
	s.does(sysSetgid, 0).or(regardless)
	s.does(sysSetuid, 0).or(regardless)
	s.changesCredentials(true)
	s.calls[known].to = s.next()
	return nil
}

// unshares makes new namespaces, the user namespace first, since it is to own the
// others. One call for each, so that a failure has a name.
func (s *script) unshares(flags int, propagation uintptr) error {
	kinds := flags &^ unix.CLONE_NEWUSER
	if flags&unix.CLONE_NEWUSER != 0 {
		s.does(unix.SYS_UNSHARE, unix.CLONE_NEWUSER).at(Unshare, unix.CLONE_NEWUSER)
	}
	for ; kinds != 0; kinds &= kinds - 1 {
		kind := kinds & -kinds
		s.does(unix.SYS_UNSHARE, uintptr(kind)).at(Unshare, kind)
	}
	if flags&unix.CLONE_NEWNS == 0 || propagation == Unchanged {
		return nil
	}
	root, err := s.text("/")
	if err != nil {
		return err
	}
	if propagation == 0 {
		propagation = unix.MS_PRIVATE
	}
	s.does(unix.SYS_MOUNT, 0, root, 0, unix.MS_REC|propagation).at(Mount, 0)
	return nil
}

// clones makes a second process, which plays the rest of the script; the first one
// goes on where the to of that call is set. The kernel stores the pid at an address.
func (s *script) clones(flags, pid uintptr) (call int) {
	c := cloneCall(flags|unix.CLONE_PARENT|uintptr(unix.SIGCHLD), pid)
	c.then, c.step = branch, Fork
	s.calls = append(s.calls, c)
	return s.next() - 1
}

// announces sends the record, about itself, to the parent.
func (s *script) announces(r *record) (call int32) {
	r.call = int32(s.next())
	addr, size := s.announcement(r)
	s.does(unix.SYS_WRITE, uintptr(s.channel), addr, size)
	return r.call
}

// waits waits for a message from the parent. At the channel's end it is empty, and
// leads to where the to of that call is set.
func (s *script) waits() (call int) {
	addr, _ := s.announcement(&record{})
	c := s.does(unix.SYS_READ, uintptr(s.channel), addr, 1).at(Wait, 0).or(unless)
	c.want = 1
	return s.next() - 1
}

// failure is the error that a record tells of, if it does.
func (s *script) failure(r record) error {
	if r.result >= 0 {
		return nil
	}
	c := s.calls[r.call]
	return &Error{Step: c.step, Flag: c.flag, Path: c.path, Err: unix.Errno(-r.result)}
}
