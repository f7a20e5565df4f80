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

	ready, moved, alive, sent, settled int32
}

func (s *script) holds(joins []Join, unshare int, setup Setup) (p plan, err error) {
	p.init = unshare&unix.CLONE_NEWPID != 0
	p.nested = p.init && joined(joins, unix.CLONE_NEWPID)
	strange := joined(joins, unix.CLONE_NEWUSER)
	p.standIn = strange && unshare&unix.CLONE_NEWUSER != 0

	s.dies(unix.SIGKILL)
	s.does(unix.SYS_SETPGID, 0, 0).at(Session, 0)
	s.reserve(lowest, joinedFDs(joins)...)
	files, err := s.readies(p, setup)
	if err != nil {
		return p, err
	}
	if strange {
		s.hides()
	}
	if err := s.joins(joins, true); err != nil {
		return p, err
	}
	// Nobody but its first process is to be born into the pid namespace.
	if err := s.unshares(unshare&^unix.CLONE_NEWPID, setup.Propagation); err != nil {
		return p, err
	}
	s.offsets(files, setup.Offsets)
	s.closes(files.kept(uintptr(s.channel))...)

	if p.ready, err = s.standsBy(p, files); err != nil {
		return p, err
	}
	ends := []int{s.waits()}
	s.hides()
	moves := -1
	second := &record{}
	if p.nested {
		moves = s.clones(0, s.pidOf(second))
		s.dies(unix.SIGKILL)
	}
	if p.init {
		s.does(unix.SYS_UNSHARE, unix.CLONE_NEWPID).at(Unshare, unix.CLONE_NEWPID)
		outer := s.clones(0, 0)
		unsettled, end, err := s.becomesInit(&p, files)
		if err != nil {
			return p, err
		}
		ends = append(ends, unsettled, end)
		s.calls[outer].to = s.next()
	}
	if p.sent, err = s.sends(files, setup.Open); err != nil {
		return p, err
	}
	ends = append(ends, s.waits())
	if p.nested {
		s.calls[moves].to = s.next()
		p.moved = s.announces(second)
		ends = append(ends, s.waits())
	}
	// Nothing more is sent: all wait for the end of the channel, or to be killed.
	for _, end := range ends {
		s.calls[end].to = s.next()
	}
	s.exits()
	return p, nil
}

// helds are descriptors of a child that holds namespaces.
type helds struct {
	proc    uintptr
	offsets uintptr // 0: none
	image   uintptr // of a stand-in, 0: none
}

func (f helds) kept(channel uintptr) []uintptr {
	kept := []uintptr{channel, f.proc}
	if f.image != 0 {
		kept = append(kept, f.image)
	}
	return kept
}

// readies opens what is out of reach later on.
func (s *script) readies(p plan, setup Setup) (f helds, err error) {
	if f.proc, err = s.opensAs("/proc", unix.O_PATH|unix.O_DIRECTORY, Open); err != nil {
		return f, err
	}
	if setup.Offsets != "" {
		if f.offsets, err = s.opensAs("/proc/self/timens_offsets", unix.O_WRONLY, Open); err != nil {
			return f, err
		}
	}
	if p.standIn {
		f.image, err = s.makesImage()
	}
	return f, err
}

func (s *script) offsets(f helds, text string) {
	if f.offsets == 0 {
		return
	}
	data := []byte(text)
	s.does(unix.SYS_WRITE, f.offsets, s.address(unsafe.Pointer(&data[0])), uintptr(len(data))).at(WriteFile, unix.CLONE_NEWTIME)
}

// standsBy announces that ID maps can be written.
func (s *script) standsBy(p plan, f helds) (ready int32, err error) {
	if !p.standIn {
		return s.announces(&record{}), nil
	}
	born := &record{}
	at := s.clones(unix.CLONE_VFORK, s.pidOf(born))
	if err := s.standsIn(f); err != nil {
		return 0, err
	}
	s.calls[at].to = s.next()
	return s.announces(born), nil
}

// becomesInit writes the way of the first process of a pid namespace, with its two waits.
func (s *script) becomesInit(p *plan, f helds) (unsettled, end int, err error) {
	s.does(unix.SYS_RT_SIGACTION, uintptr(unix.SIGCHLD), s.ignored(), 0, 8).at(Signal, 0)
	s.does(unix.SYS_CLOSE, f.proc).at(Files, 0)
	// It shall keep nobody from unmounting.
	root, err := s.text("/")
	if err != nil {
		return 0, 0, err
	}
	s.does(unix.SYS_CHDIR, root).at(Chdir, 0).or(regardless)
	p.alive = s.announces(&record{})
	unsettled = s.waits()
	s.dies(unix.SIGKILL)
	p.settled = s.announces(&record{})
	return unsettled, s.waits(), nil
}

// sends opens namespaces and sends them. Each gets the lowest number that is free.
func (s *script) sends(f helds, links []string) (sent int32, err error) {
	fds := make([]int, len(links))
	for i, link := range links {
		path, err := s.text("self/ns/" + link)
		if err != nil {
			return 0, err
		}
		s.does(unix.SYS_OPENAT, f.proc, path, unix.O_RDONLY|unix.O_CLOEXEC).at(Open, 0).path = link
		fds[i] = i
	}
	if len(links) == 0 {
		return s.announces(&record{}), nil
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
	s.does(unix.SYS_SENDMSG, uintptr(s.channel), s.address(unsafe.Pointer(msg)), unix.MSG_NOSIGNAL).at(Send, 0)
	return r.call, nil
}

// pidOf is the address of a record's result, for clone.
func (s *script) pidOf(r *record) uintptr { return s.address(unsafe.Pointer(&r.result)) }
