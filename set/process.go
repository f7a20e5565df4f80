// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// takesProcess tells whether no thread can make these namespaces from inside the
// Set: no thread can join its user namespace, or the time namespace that a new
// one takes its offsets from; none can make a user namespace; and a new pid
// namespace is dead without a first process.
func (s Set) takesProcess(flags int) bool {
	return flags&(NS_USER|NS_PID) != 0 || s.foreign&NS_USER != 0 || s.foreign&flags&NS_TIME != 0
}

// makeInProcess has a child join the Set, make the new namespaces and wait while
// they are configured and opened.
func (s Set) makeInProcess(flags int, config *UnshareConfig) (fds [len(kinds)]*sys.FD, init *pidInit, err error) {
	primePidfd()
	switch self, err := procfs.ProcessID(procfs.Root, procfs.Self); {
	case errors.Is(err, fs.ErrNotExist), err == nil && self != os.Getpid():
		return fds, nil, newError("unshare", flags, errForeignProc)
	case err != nil:
		return fds, nil, newError("unshare", flags, err)
	}
	// As on a thread, only the kinds matter that the new ones are copied from, and
	// the user namespace, which owns them.
	joins, err := s.joins(s.foreign & (flags | NS_USER))
	if err != nil {
		return fds, nil, err
	}
	outer, err := s.joins(s.foreign & NS_USER)
	if err != nil {
		return fds, nil, err
	}
	propagation := config.propagation
	if propagation == 0 {
		propagation = forkexec.Unchanged
	}
	holder, err := forkexec.Hold(joins, flags, forkexec.Setup{
		Propagation: propagation,
		Configure: func(pid int) error {
			if config.maps != nil {
				if err := config.maps.write(pid, outer); err != nil {
					return newError("map the IDs of", NS_USER, err)
				}
			}
			if config.offsets != nil {
				return newError("set the offsets of", NS_TIME, config.offsets.write(pid))
			}
			return nil
		},
		Read: func(pid int) error {
			for i, k := range kinds {
				if flags&k.flag == 0 {
					continue
				}
				var err error
				if fds[i], err = sys.OpenAt(home.proc, fmt.Sprintf("%d/ns/%s", pid, k.link)); err != nil {
					return newError("open", k.flag, err)
				}
			}
			return nil
		},
	})
	if err != nil {
		return fds, nil, errors.Join(childError(err, flags), closeAll(fds))
	}
	return fds, newPidInit(holder), nil
}

var errForeignProc = errors.New("/proc is missing, or of another pid namespace, and shows other processes under the numbers of ours; " +
	"mount a new one: mount -t proc proc /proc")

// joins lists the Set's namespaces of the kinds in flags in the order in which a
// process can join them. Those that belong to the Set's user namespace, or to one
// below it, come after it, since it takes its capabilities to join them; all
// others come before, since with it those for them are gone.
func (s Set) joins(flags int) (list []forkexec.Join, err error) {
	var after []forkexec.Join
	inside := true // without a user namespace to join there is only one group
	for i, k := range kinds {
		if flags&k.flag == 0 {
			continue
		}
		join := forkexec.Join{FD: s.fds[i].Int(), Flag: k.flag}
		if flags&NS_USER != 0 && k.flag != NS_USER {
			if inside, err = belongs(s.fds[i], s.fds[userIndex]); err != nil {
				return nil, newError("find the owner of", k.flag, err)
			}
		}
		if inside {
			after = append(after, join)
		} else {
			list = append(list, join)
		}
	}
	return append(list, after...), nil
}

// userIndex is the row of the user namespace, which is the first to be joined.
const userIndex = 0

// belongs tells whether a namespace is owned by a user namespace or by one below
// it.
func belongs(ns, user *sys.FD) (is bool, err error) {
	want, err := user.InodeID()
	if err != nil {
		return false, err
	}
	owner, err := ns.UserNamespace()
	for err == nil {
		var id sys.InodeID
		if id, err = owner.InodeID(); err != nil || id == want {
			return err == nil, errors.Join(err, owner.Close())
		}
		above, e := owner.Parent()
		if err = errors.Join(e, owner.Close()); err == nil {
			owner = above
		}
	}
	if errors.Is(err, sys.ErrOutside) {
		return false, nil // above everything that this process can see
	}
	return false, err
}

// childError tells the kind and step at which a child failed.
func childError(err error, flags int) error {
	var failed *forkexec.Error
	if !errors.As(err, &failed) {
		return newError("unshare", flags, err)
	}
	if failed.Flag != 0 {
		flags = failed.Flag
	}
	return newError(string(failed.Step), flags, failed.Err)
}

// A pidInit is the first process of a pid namespace, shared by all Sets that have
// the namespace. A nil one is that of a namespace which others keep alive.
type pidInit struct {
	refs   atomic.Int32
	holder *forkexec.Holder
}

// newPidInit returns nil for a holder without a process.
func newPidInit(holder *forkexec.Holder) *pidInit {
	if holder.PID() == 0 {
		return nil
	}
	p := &pidInit{holder: holder}
	p.refs.Store(1)
	return p
}

func (p *pidInit) retain() *pidInit {
	if p != nil {
		p.refs.Add(1)
	}
	return p
}

func (p *pidInit) release() error {
	if p == nil || p.refs.Add(-1) > 0 {
		return nil
	}
	return newError("end the first process of", NS_PID, p.holder.Close())
}
