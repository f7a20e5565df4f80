// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procns"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// Unshare makes new namespaces of the kinds in flags and returns a Set of just
// these. It is Current(flags).Unshare(flags): nothing changes for the caller.
//
// A new mount namespace is a copy whose mounts are private, so that no mount
// made inside shows outside; [WithPropagation] changes that. The others are as
// the kernel makes them: a network namespace has a loopback interface that is
// down, a user namespace without an option has no ID maps.
func Unshare(flags int, opts ...UnshareOpt) (Set, error) {
	if err := checkKinds(flags); err != nil {
		return Set{}, newError("unshare", 0, err)
	}
	here, err := elsewhere(flags)
	if err != nil {
		return Set{}, err
	}
	defer here.Close()
	return here.Unshare(flags, opts...)
}

// elsewhere is Current(flags) as far as it has to be joined: without the namespaces that are the process's own. Mostly it
// holds nothing, and takes a system call for each kind, not three.
func elsewhere(flags int) (Set, error) {
	if flags = procns.Moved(flags); flags == 0 {
		return Set{new(held)}, nil
	}
	return Current(flags)
}

// Unshare makes new namespaces of the kinds in flags from inside the Set: a new mount
// namespace is a copy of the Set's, all are owned by the Set's user namespace. It
// returns an independent Set of the new namespaces and, for the other kinds, those of
// s.
func (s Set) Unshare(flags int, opts ...UnshareOpt) (Set, error) {
	if err := checkKinds(flags); err != nil {
		return Set{}, newError("unshare", 0, err)
	}
	config, err := newConfig(flags, opts)
	if err != nil {
		return Set{}, newError("unshare", flags, err)
	}
	if err := s.acquire("unshare"); err != nil {
		return Set{}, err
	}
	defer s.release()
	var fresh [len(kind.Table)]*sys.FD
	var init *pidInit
	if s.takesProcess(flags) {
		fresh, init, err = s.makeInProcess(flags, config)
	} else {
		fresh, err = s.makeOnThread(flags, config)
	}
	if err != nil {
		return Set{}, err
	}
	for i, fd := range s.fds {
		if fd == nil || fresh[i] != nil {
			continue
		}
		if fresh[i], err = fd.Dup(); err != nil {
			return Set{}, errors.Join(newError("dup", kind.Table[i].Flag, err), closeAll(fresh), init.release())
		}
	}
	made := newSet(fresh, flags|s.differs)
	if flags&NS_PID != 0 {
		made.init = init
		return made.remembered(), nil
	}
	return made.sharing(s), nil
}

// makeOnThread has a thread join the Set, make the new namespaces and open them.
func (s Set) makeOnThread(flags int, config *UnshareConfig) (fds [len(kind.Table)]*sys.FD, err error) {
	onThread(func() bool {
		var moved int
		// What a new namespace inherits comes from the thread's one of the same
		// kind: it copies the mounts, the host name. The others leave no trace.
		if moved, err = s.join(s.differs & flags); err != nil {
			return procns.Restore(moved)
		}
		if err = sys.Unshare(flags); err != nil {
			err = newError("unshare", flags, err)
			return procns.Restore(moved)
		}
		moved |= flags
		fds, err = readNew(flags, config)
		return procns.Restore(moved)
	})
	return fds, err
}

// readNew readies and opens the namespaces that the calling thread has just
// made.
func readNew(flags int, config *UnshareConfig) (fds [len(kind.Table)]*sys.FD, err error) {
	if flags&NS_MNT != 0 && config.propagation != PropagationUnchanged {
		if err := sys.SetPropagation(uintptr(config.propagation)); err != nil {
			return fds, newError("set the propagation of", NS_MNT, err)
		}
	}
	if flags&NS_TIME != 0 && config.offsets != nil {
		if err := config.offsets.write(sys.Gettid()); err != nil {
			return fds, newError("set the offsets of", NS_TIME, err)
		}
	}
	for i := range kind.Table {
		if flags&kind.Table[i].Flag == 0 {
			continue
		}
		if fds[i], err = procns.Open(&kind.Table[i]); err != nil {
			return fds, errors.Join(newError("open", kind.Table[i].Flag, err), closeAll(fds))
		}
	}
	return fds, nil
}
