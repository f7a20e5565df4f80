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
	failed record // what the child says if a call fails

	shares bool // the child has no memory of its own, see share_linux.go
	stack  []byte
	mask   uint64 // of signals, which the program is to have
}

// A call is a system call and what its result means.
type call struct {
	nr     uintptr
	args   [5]uintptr
	onKept bool // the first argument is what the last keep or branch gave

	then then
	want uintptr // with unless
	to   int     // with unless, branch and pending: the index of a call, which link sets

	label *label // for the parent, as are step, flag and path
	step  Step
	flag  int
	path  string
}

// A label stands for the call that comes after its mark, before or after that is written.
type label struct{ at int }

// A then is what comes after a call. An errno ends the child unless it says otherwise.
type then uint8

const (
	onwards    then = iota // the next call
	regardless             // the next call, errno or not
	search                 // not found or not executable: the next call
	keep                   // the next call, which may use the result
	unless                 // a result other than want: the call at the label
	branch                 // in the process that cloned: the call at the label
	pending                // EAGAIN: the next call; all else: the call at the label
)

// A record is a message from the child.
type record struct {
	call   int32 // its index in the script
	result int32 // -errno, a pid, or 0
}

// emit appends a call, which belongs to a step.
func (s *script) emit(step Step, nr uintptr, args ...uintptr) *call {
	c := call{nr: nr, step: step}
	copy(c.args[:], args)
	s.calls = append(s.calls, c)
	return &s.calls[len(s.calls)-1]
}

// of names the kind of namespace that the call is about.
func (c *call) of(flag int) *call {
	c.flag = flag
	return c
}

// or sets what comes after the call.
func (c *call) or(t then) *call {
	c.then = t
	return c
}

// jump sets what leads to a label after the call.
func (c *call) jump(t then, to *label) *call {
	c.then, c.label = t, to
	return c
}

// mark has the label stand for the next call.
func (s *script) mark(l *label) { l.at = s.next() }

// link replaces the labels by indices.
func (s *script) link() error {
	for i := range s.calls {
		c := &s.calls[i]
		if c.label == nil {
			continue
		}
		if c.to = c.label.at; c.to == 0 || c.to == s.next() {
			return fmt.Errorf("forkexec: call %d of the script (%s) leads nowhere", i, c.step)
		}
	}
	return nil
}

// next is the index that the next call gets.
func (s *script) next() int { return len(s.calls) }

// emitJump appends a call that cannot fail. Its result, other than want, leads to the label.
func (s *script) emitJump(step Step, nr, want uintptr, to *label) {
	s.emit(step, nr).jump(unless, to).want = want
}

// emitExit ends the process.
func (s *script) emitExit() { s.emit(Exit, unix.SYS_EXIT_GROUP, 0).or(regardless) }

// none stands for no descriptor, and for a result that no call has.
const none = ^uintptr(0)

// emitJoins enters the namespaces, and becomes root of a user namespace that does not
// know who it is. Who is unknown reads as 65534; one who was 65534 outside cannot tell.
func (s *script) emitJoins(joins []Join, become bool) error {
	for _, j := range joins {
		if j.Path != "" {
			c, err := s.emitOpen(Open, j.Path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY) // whatever is there
			if err != nil {
				return fmt.Errorf("namespace %q: %w", j.Path, err)
			}
			c.of(j.Flag).path = j.Path
		}
		c := s.emit(Setns, unix.SYS_SETNS, uintptr(j.FD), uintptr(j.Flag)).of(j.Flag)
		c.onKept, c.path = j.Path != "", j.Path
		if j.Flag == unix.CLONE_NEWUSER {
			s.emitCredsChanged(true)
		}
	}
	const unknown = 65534
	if !become || !joined(joins, unix.CLONE_NEWUSER) || os.Geteuid() == unknown {
		return nil
	}
	known := new(label)
	s.emitJump(Credential, sysGeteuid, unknown, known)
	s.emit(Credential, sysSetgroups, 0, 0).or(regardless)
	s.emit(Credential, sysSetgid, 0).or(regardless)
	s.emit(Credential, sysSetuid, 0).or(regardless)
	s.emitCredsChanged(true)
	s.mark(known)
	return nil
}

// emitUnshares makes new namespaces, the user namespace first, since it is to own the
// others. One call for each, so that a failure has a name.
func (s *script) emitUnshares(flags int, propagation uintptr) error {
	kinds := flags &^ unix.CLONE_NEWUSER
	if flags&unix.CLONE_NEWUSER != 0 {
		s.emit(Unshare, unix.SYS_UNSHARE, unix.CLONE_NEWUSER).of(unix.CLONE_NEWUSER)
	}
	for ; kinds != 0; kinds &= kinds - 1 {
		kind := kinds & -kinds
		s.emit(Unshare, unix.SYS_UNSHARE, uintptr(kind)).of(kind)
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
	s.emit(Mount, unix.SYS_MOUNT, 0, root, 0, unix.MS_REC|propagation).of(unix.CLONE_NEWNS)
	return nil
}

// emitClone makes a second process, which plays the rest of the script; the first one
// goes on at the label. The kernel stores the pid at an address.
func (s *script) emitClone(flags, pid uintptr, first *label) {
	c := cloneCall(flags|unix.CLONE_PARENT|uintptr(unix.SIGCHLD), pid)
	c.step = Fork
	s.calls = append(s.calls, *c.jump(branch, first))
}

// emitAnnounce sends the record, about itself, to the parent.
func (s *script) emitAnnounce(r *record) (call int32) {
	r.call = int32(s.next())
	addr, size := s.announcement(r)
	s.emit(Send, unix.SYS_WRITE, uintptr(s.channel), addr, size)
	return r.call
}

// emitWait waits for a message from the parent. At the channel's end it is empty, and
// leads to the label.
func (s *script) emitWait(end *label) {
	addr, _ := s.announcement(&record{})
	s.emit(Wait, unix.SYS_READ, uintptr(s.channel), addr, 1).jump(unless, end).want = 1
}

// failure is the error that a record tells of, if it does.
func (s *script) failure(r record) error {
	if r.result >= 0 {
		return nil
	}
	c := s.calls[r.call]
	return &Error{Step: c.step, Flag: c.flag, Path: c.path, Err: unix.Errno(-r.result)}
}
