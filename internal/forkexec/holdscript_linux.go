// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// lowest is the least number of a descriptor that a child needs which holds namespaces: those
// below are for the namespaces that it opens.
const lowest = 16

// A plan tells which calls of a script announce what.
type plan struct {
	nested  bool // a second process unshares the pid namespace
	init    bool // there is a first process of a new pid namespace
	standIn bool // ID maps are to be written for a stand-in, whose pid comes with ready

	keepable bool // the first process may outlive this one

	ready, moved, alive, sent, settled int32
}

func (s *script) emitHold(joins []Join, unshare int, setup Setup) (p plan, err error) {
	p.init = unshare&unix.CLONE_NEWPID != 0
	p.nested = p.init && joined(joins, unix.CLONE_NEWPID)
	joinsUser := joined(joins, unix.CLONE_NEWUSER)
	p.standIn = joinsUser && unshare&unix.CLONE_NEWUSER != 0

	s.emitDeathSignal(unix.SIGKILL)
	// Not only a process group of its own: while the first process of a pid namespace adopts processes of another group in
	// the same session, that group counts as watched over, and when the last of them ends, as orphaned. If one of its processes
	// happens to be stopped then, the kernel sends all of them, go test among them, SIGHUP (kill_orphaned_pgrp in kernel/exit.c).
	s.emit(Session, unix.SYS_SETSID)
	needed := joinedFDs(joins)
	program := keepable()
	if p.keepable = p.init && program != nil; p.keepable {
		needed = append(needed, uintptr(program.Int()))
	}
	s.reserve(lowest, needed...)
	files, err := s.emitOpenEarly(p, setup)
	if err != nil {
		return p, err
	}
	if p.keepable {
		files.program = s.emitMove(uintptr(program.Int()))
	}
	if joinsUser {
		s.emitHide()
	}
	if err := s.emitJoins(joins, true); err != nil {
		return p, err
	}
	// Nobody but its first process is to be born into the pid namespace.
	if err := s.emitUnshares(unshare&^unix.CLONE_NEWPID, setup.Propagation); err != nil {
		return p, err
	}
	s.emitOffsets(files, setup.Offsets)
	s.emitCloseAll(files.kept(uintptr(s.channel))...)

	if p.ready, err = s.emitReady(p, files); err != nil {
		return p, err
	}
	// Where all go at the end of the channel, if they have not been killed.
	end := new(label)
	s.emitWait(end)
	s.emitHide()
	first, second := new(label), &record{}
	if p.nested {
		s.emitClone(0, s.pidOf(second), first)
		s.emitDeathSignal(unix.SIGKILL)
	}
	if p.init {
		outside := new(label)
		s.emit(Unshare, unix.SYS_UNSHARE, unix.CLONE_NEWPID).of(unix.CLONE_NEWPID)
		s.emitClone(0, 0, outside)
		if err := s.emitInit(&p, files, end); err != nil {
			return p, err
		}
		s.mark(outside)
	}
	if p.sent, err = s.emitSend(files, setup.Open); err != nil {
		return p, err
	}
	s.emitWait(end)
	if p.nested {
		s.mark(first)
		p.moved = s.emitAnnounce(second)
		s.emitWait(end)
	}
	s.mark(end)
	s.emitExit()
	return p, nil
}

// heldFDs are the descriptors of a child that holds namespaces.
type heldFDs struct {
	proc    uintptr
	offsets uintptr // 0: none
	image   uintptr // of a stand-in, 0: none
	program uintptr // that a first process which is kept executes, 0: none
}

func (f heldFDs) kept(channel uintptr) []uintptr {
	kept := []uintptr{channel, f.proc}
	if f.image != 0 {
		kept = append(kept, f.image)
	}
	if f.program != 0 {
		kept = append(kept, f.program)
	}
	return kept
}

// emitOpenEarly opens what is out of reach later on.
func (s *script) emitOpenEarly(p plan, setup Setup) (f heldFDs, err error) {
	if f.proc, err = s.emitOpenAs("/proc", unix.O_PATH|unix.O_DIRECTORY, Open); err != nil {
		return f, err
	}
	if setup.Offsets != "" {
		if f.offsets, err = s.emitOpenAs("/proc/self/timens_offsets", unix.O_WRONLY, Open); err != nil {
			return f, err
		}
	}
	if p.standIn {
		f.image, err = s.emitImage()
	}
	return f, err
}

func (s *script) emitOffsets(f heldFDs, text string) {
	if f.offsets == 0 {
		return
	}
	data := []byte(text)
	s.emit(WriteFile, unix.SYS_WRITE, f.offsets, s.address(unsafe.Pointer(&data[0])), uintptr(len(data))).of(unix.CLONE_NEWTIME)
}

// emitReady announces that ID maps can be written.
func (s *script) emitReady(p plan, f heldFDs) (ready int32, err error) {
	if !p.standIn {
		return s.emitAnnounce(&record{}), nil
	}
	first, born := new(label), &record{}
	s.emitClone(unix.CLONE_VFORK, s.pidOf(born), first)
	if err := s.emitStandIn(f); err != nil {
		return 0, err
	}
	s.mark(first)
	return s.emitAnnounce(born), nil
}

// emitInit writes the way of the first process of a pid namespace.
func (s *script) emitInit(p *plan, f heldFDs, end *label) error {
	s.emit(Signal, unix.SYS_RT_SIGACTION, uintptr(unix.SIGCHLD), s.ignored(), 0, 8)
	s.emit(Files, unix.SYS_CLOSE, f.proc)
	// It shall keep nobody from unmounting.
	root, err := s.text("/")
	if err != nil {
		return err
	}
	s.emit(Chdir, unix.SYS_CHDIR, root).or(regardless)
	p.alive = s.emitAnnounce(&record{})
	s.emitWait(end)
	s.emitDeathSignal(unix.SIGKILL)
	p.settled = s.emitAnnounce(&record{})
	s.emitWait(end)
	if f.program == 0 {
		return nil
	}
	return s.emitKeep(f.program)
}

// emitSend opens namespaces and sends them. Each gets the lowest number that is free.
func (s *script) emitSend(f heldFDs, links []string) (sent int32, err error) {
	fds := make([]int, len(links))
	for i, link := range links {
		path, err := s.text("self/ns/" + link)
		if err != nil {
			return 0, err
		}
		s.emit(Open, unix.SYS_OPENAT, f.proc, path, unix.O_RDONLY|unix.O_CLOEXEC).path = link
		fds[i] = i
	}
	if len(links) == 0 {
		return s.emitAnnounce(&record{}), nil
	}
	r := &record{call: int32(s.next())}
	rights := unix.UnixRights(fds...)
	iov := &unix.Iovec{Base: (*byte)(unsafe.Pointer(r))}
	iov.SetLen(int(unsafe.Sizeof(*r)))
	msg := &unix.Msghdr{Iov: iov, Control: &rights[0]}
	msg.SetIovlen(1)
	msg.SetControllen(len(rights))
	for _, p := range []unsafe.Pointer{unsafe.Pointer(r), unsafe.Pointer(iov), unsafe.Pointer(&rights[0])} {
		s.address(p)
	}
	s.emit(Send, unix.SYS_SENDMSG, uintptr(s.channel), s.address(unsafe.Pointer(msg)), unix.MSG_NOSIGNAL)
	return r.call, nil
}

// pidOf is the address of a record's result, for clone.
func (s *script) pidOf(r *record) uintptr { return s.address(unsafe.Pointer(&r.result)) }
