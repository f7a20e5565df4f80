// SPDX-License-Identifier: Apache-2.0

package set

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/procns"
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
func (s Set) makeInProcess(flags int, config *UnshareConfig) (fds [len(kind.Table)]*sys.FD, init *pidInit, err error) {
	sys.PrimePidfd()
	switch self, err := procfs.ProcessID(procfs.Root, procfs.Self); {
	case errors.Is(err, fs.ErrNotExist), err == nil && self != os.Getpid():
		return fds, nil, newError("unshare", flags, procns.ErrForeignProc)
	case err != nil:
		return fds, nil, newError("unshare", flags, err)
	}
	joins, between, err := s.joins(s.around(flags))
	if err != nil {
		return fds, nil, err
	}
	defer between.Close()
	outer, above, err := s.joins(s.foreign & NS_USER)
	if err != nil {
		return fds, nil, err
	}
	defer above.Close()
	setup := forkexec.Setup{
		Propagation: config.propagation,
		Offsets:     config.offsets.text(),
		Configure: func(pid int) error {
			if config.maps == nil {
				return nil
			}
			return newError("map the IDs of", NS_USER, config.maps.write(pid, outer))
		},
	}
	if setup.Propagation == 0 {
		setup.Propagation = forkexec.Unchanged
	}
	for _, k := range kind.Table {
		if flags&k.Flag != 0 {
			setup.Open = append(setup.Open, k.Link)
		}
	}
	holder, opened, err := forkexec.Hold(joins, flags, setup)
	if err != nil {
		return fds, nil, childError("unshare", flags, err)
	}
	for i, k := range kind.Table {
		if flags&k.Flag != 0 {
			fds[i], opened = opened[0], opened[1:]
		}
	}
	return fds, newPidInit(holder), nil
}

// joins returns the Set's namespaces of the kinds in flags in the order in which a process can
// join them. Those between this process's user namespace and the Set's are open until between is closed.
func (s Set) joins(flags int) (joins []forkexec.Join, between io.Closer, err error) {
	for i, k := range kind.Table {
		if flags&k.Flag != 0 {
			joins = append(joins, forkexec.Join{FD: s.fds[i].Int(), Flag: k.Flag})
		}
	}
	joins, between, err = forkexec.Order(joins)
	return joins, between, childError("unshare", flags, err)
}

// around has the kinds that a process joins which makes those in flags. As on a thread, only
// the kinds matter that the new ones are copied from, and the user namespace, which owns them.
// But who is to be seen in the Set's user namespace is inside as a whole: the first process
// of a pid namespace, and who stands in a new user namespace.
func (s Set) around(flags int) int {
	if s.foreign&NS_USER != 0 && flags&(NS_USER|NS_PID) != 0 {
		flags |= kind.All &^ NS_PID
	}
	return s.foreign & (flags | NS_USER)
}

// childError says at which step a child failed, or the order of what it is to join; op and flags are what
// it was for.
func childError(op string, flags int, err error) error {
	var failed *forkexec.Error
	if !errors.As(err, &failed) {
		return newError(op, flags, err)
	}
	return newError(string(failed.Step), cmp.Or(failed.Flag, flags), failed.Cause())
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
