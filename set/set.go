// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/creation"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procns"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// A Set holds namespaces, at most one of each kind, and keeps them alive. Make
// one with [Current], [FromDir], [FromPid], [FromFds] or [Unshare].
//
// A Set is a value: copies share one reference, and closing any of them closes all.
// [Set.Dup] makes an independent one. All methods may be called from many goroutines at
// once. The zero Set holds nothing; its methods return an error that says so.
//
// The descriptors of a Set that is forgotten without Close are closed some time after the last copy
// is gone, as those of an [os.File] are. While tests run under nstest.Main they stay open, and its
// leak check says where the Set was made. If a forgotten Set has a new pid namespace, the first
// process of that goes on until this process ends: its end would be the end of all processes in
// there.
type Set struct{ *held }

// held is what the copies of a Set share.
type held struct {
	fds [len(kind.Table)]*sys.FD
	// flags has the kinds that are held, differs those of them in which the Set
	// is not where this process is.
	flags, differs int
	// init is the first process of the pid namespace, if that is ours to keep.
	init *pidInit

	mu     sync.Mutex
	users  int // calls in flight, each of which keeps the descriptors open
	closed bool

	forgotten runtime.Cleanup
}

// newSet takes ownership of the descriptors. Those of the kinds in differs are not the process's namespaces.
func newSet(fds [len(kind.Table)]*sys.FD, differs int) Set {
	h := &held{fds: fds, differs: differs}
	for i, fd := range fds {
		if fd != nil {
			h.flags |= kind.Table[i].Flag
		}
	}
	h.forgotten = runtime.AddCleanup(h, func(fds [len(kind.Table)]*sys.FD) {
		_ = closeAll(fds) // nobody is left to be told
	}, fds)
	return Set{h}.remembered()
}

// found makes a Set of namespaces that may be the process's, which open returns as for [collect].
func found(op string, flags int, open func(i int) (*sys.FD, error)) (Set, error) {
	fds, err := collect(op, flags, open)
	if err != nil {
		return Set{}, err
	}
	differs := 0
	for i, fd := range fds {
		if fd == nil {
			continue
		}
		id, err := fd.InodeID()
		if err != nil {
			return Set{}, errors.Join(newError("fstat", kind.Table[i].Flag, err), closeAll(fds))
		}
		if !procns.Has(kind.Table[i].Flag, id) {
			differs |= kind.Table[i].Flag
		}
	}
	return newSet(fds, differs), nil
}

// remembered notes where the Set was made, for the report of what was left behind.
func (s Set) remembered() Set {
	site := creation.Here()
	if !site.Known() {
		return s
	}
	var things []creation.Thing
	for _, fd := range s.fds {
		if fd != nil {
			things = append(things, creation.Descriptor(fd.Int()))
		}
	}
	if s.init != nil {
		things = append(things, creation.Process(s.init.PID()))
	}
	creation.Add(s, "a Set made", site, things...)
	return s
}

// collect has the namespaces that open returns for the kinds in flags. A nil descriptor leaves its kind
// out; there is at least one other.
func collect(op string, flags int, open func(i int) (*sys.FD, error)) (fds [len(kind.Table)]*sys.FD, err error) {
	if procns.Err() != nil {
		return fds, newError(op, flags, procns.Err())
	}
	for i := range kind.Table {
		if flags&kind.Table[i].Flag == 0 {
			continue
		}
		if fds[i], err = open(i); err != nil {
			return fds, errors.Join(newError(op, kind.Table[i].Flag, err), closeAll(fds))
		}
	}
	if fds == ([len(kind.Table)]*sys.FD{}) {
		return fds, errNothing
	}
	return fds, nil
}

// errNothing keeps an empty Set from looking like a success.
var errNothing = errors.New("gonso: no namespace found")

// closeAll closes each, whatever becomes of the others.
func closeAll(fds [len(kind.Table)]*sys.FD) error {
	var errs []error
	for i, fd := range fds {
		if fd != nil {
			errs = append(errs, newError("close", kind.Table[i].Flag, fd.Close()))
		}
	}
	return errors.Join(errs...)
}

// Close lets go of the namespaces. Those that nothing else holds, no process and
// no mount, are destroyed by the kernel some time later.
//
// Only the first Close of a Set and its copies does anything; the others return
// nil. A call in flight, such as [Set.Do], keeps its namespaces until it
// returns; calls that begin later give an error for which
// errors.Is(err, [os.ErrClosed]) holds.
func (s Set) Close() error {
	if s.held == nil {
		return nil
	}
	s.mu.Lock()
	last := !s.closed && s.users == 0
	s.closed = true
	s.mu.Unlock()
	if last {
		return s.destroy()
	}
	return nil
}

// destroy lets go of everything. The first process of the pid namespace ends
// with the last Set that has the namespace.
func (h *held) destroy() error {
	creation.Remove(Set{h})
	h.forgotten.Stop()
	return errors.Join(closeAll(h.fds), h.init.release())
}

// Closed reports whether the Set, or a copy of it, has been closed. The zero Set
// counts as closed.
func (s Set) Closed() bool {
	if s.held == nil {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// acquire keeps the descriptors open until release.
func (s Set) acquire(op string) error {
	if s.held == nil {
		return newError(op, 0, errEmpty)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return newError(op, s.flags, os.ErrClosed)
	}
	s.users++
	return nil
}

// release ends what acquire began. An error of closing the descriptors is dropped: the
// caller of Close has been told that the Set is closed, and the kernel releases a
// namespace in spite of an error.
func (s Set) release() {
	s.mu.Lock()
	s.users--
	last := s.closed && s.users == 0
	s.mu.Unlock()
	if last {
		_ = s.destroy()
	}
}

var errEmpty = invalid("the zero Set holds no namespaces: make one with Current, FromDir or Unshare")

// Flags returns the kinds that the Set holds. Closing the Set does not change them.
func (s Set) Flags() int {
	if s.held == nil {
		return 0
	}
	return s.flags
}

// Dup returns an independent Set of the same namespaces, with only the kinds in
// flags, or with all of them where flags is 0. Both Sets have to be closed.
func (s Set) Dup(flags int) (newS Set, retErr error) {
	flags, err := s.pick("dup", flags)
	if err != nil {
		return Set{}, err
	}
	defer s.release()
	fds, err := collect("dup", flags, func(i int) (*sys.FD, error) { return s.fds[i].Dup() })
	if err != nil {
		return Set{}, err
	}
	return newSet(fds, s.differs&flags).sharing(s), nil
}

// sharing makes a new Set one of those that keep the first process of from's pid
// namespace alive, if it has that namespace.
func (s Set) sharing(from Set) Set {
	if s.held != nil && s.flags&NS_PID != 0 {
		s.init = from.init.retain()
		return s.remembered()
	}
	return s
}

// pick acquires the Set and checks that it has the kinds in flags; 0 stands for
// all of its kinds.
func (s Set) pick(op string, flags int) (int, error) {
	if err := checkFlags(flags); err != nil {
		return 0, newError(op, flags, err)
	}
	if err := s.acquire(op); err != nil {
		return 0, err
	}
	if missing := flags &^ s.flags; missing != 0 {
		s.release()
		return 0, newError(op, missing, s.lacks())
	}
	if flags == 0 {
		flags = s.flags
	}
	return flags, nil
}

func (s Set) lacks() error {
	return invalid(fmt.Sprintf("the Set has only %s", KindNames(s.flags)))
}

// pickOne is pick for a call about one namespace: flag may be 0 where the Set
// holds just one.
func (s Set) pickOne(op string, flag int) (int, error) {
	flags, err := s.pick(op, flag)
	if err != nil {
		return 0, err
	}
	i, err := indexOf(flags)
	if err != nil {
		s.release()
		return 0, newError(op, flags, err)
	}
	return i, nil
}

// Merge returns an independent Set of the namespaces of both. If both have one of the
// same kind, it gets that of other. Merged with a Set of a network namespace,
// Current(0) means 'here, but in that network'.
func (s Set) Merge(other Set) (Set, error) {
	if err := s.acquire("merge"); err != nil {
		return Set{}, err
	}
	defer s.release()
	if err := other.acquire("merge"); err != nil {
		return Set{}, err
	}
	defer other.release()
	fds, err := collect("merge", s.flags|other.flags, func(i int) (*sys.FD, error) {
		if fd := other.fds[i]; fd != nil {
			return fd.Dup()
		}
		return s.fds[i].Dup()
	})
	if err != nil {
		return Set{}, err
	}
	both := newSet(fds, other.differs|s.differs&^other.flags)
	if other.flags&NS_PID != 0 {
		return both.sharing(other), nil
	}
	return both.sharing(s), nil
}

// ID returns the kernel's name of the Set's namespace of that kind, such as
// net:[4026531840], the text that the links of /proc/PID/ns have
// (namespaces(7)). The kernel gives the number to another namespace once this one
// is gone; [Set.Same] compares namespaces that are held.
func (s Set) ID(flag int) (string, error) {
	i, err := s.pickOne("id", flag)
	if err != nil {
		return "", err
	}
	defer s.release()
	return s.id(i)
}

func (s Set) id(i int) (string, error) {
	id, err := s.fds[i].InodeID()
	if err != nil {
		return "", newError("id", kind.Table[i].Flag, err)
	}
	return fmt.Sprintf("%s:[%d]", kind.Table[i].Name, id.Ino), nil
}

// Same reports whether both Sets hold the same namespace of that kind.
func (s Set) Same(other Set, flag int) (bool, error) {
	i, err := s.pickOne("compare", flag)
	if err != nil {
		return false, err
	}
	defer s.release()
	if _, err := other.pickOne("compare", kind.Table[i].Flag); err != nil {
		return false, err
	}
	defer other.release()
	var ids [2]sys.InodeID
	for n, fd := range []*sys.FD{s.fds[i], other.fds[i]} {
		if ids[n], err = fd.InodeID(); err != nil {
			return false, newError("compare", kind.Table[i].Flag, err)
		}
	}
	return ids[0] == ids[1], nil
}

// Owner returns the user ID, as this process sees it, of the user who owns the
// Set's namespace of that kind: the one who made the user namespace that it
// belongs to or, for a user namespace, the one who made it (ioctl_ns(2)). It is
// the overflow ID, 65534, for a user without an ID here.
func (s Set) Owner(flag int) (uid int, err error) {
	i, err := s.pickOne("owner", flag)
	if err != nil {
		return 0, err
	}
	defer s.release()
	user := s.fds[i]
	if kind.Table[i].Flag != NS_USER {
		if user, err = user.UserNamespace(); err != nil {
			return 0, newError("owner", kind.Table[i].Flag, err)
		}
		defer func() { err = errors.Join(err, user.Close()) }()
	}
	if uid, err = user.OwnerUID(); err != nil {
		return 0, newError("owner", kind.Table[i].Flag, err)
	}
	return uid, nil
}

// String lists the IDs of the Set's namespaces, for messages.
func (s Set) String() string {
	if err := s.acquire("show"); err != nil {
		return "Set(" + err.Error() + ")"
	}
	defer s.release()
	var ids []string
	for i, fd := range s.fds {
		if fd == nil {
			continue
		}
		id, err := s.id(i)
		if err != nil {
			id = err.Error()
		}
		ids = append(ids, id)
	}
	return "Set(" + strings.Join(ids, " ") + ")"
}
