// SPDX-License-Identifier: Apache-2.0

package set

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/procns"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// takesProcess reports whether no thread can make these namespaces from inside the
// Set: no thread can join its user namespace, or the time namespace that a new
// one takes its offsets from; none can make a user namespace; and a new pid
// namespace is dead without a first process.
func (s Set) takesProcess(flags int) bool {
	return flags&(NS_USER|NS_PID) != 0 || s.differs&NS_USER != 0 || s.differs&flags&NS_TIME != 0
}

// makeInProcess has a child join the Set, make the new namespaces and wait while
// they are configured and opened.
func (s Set) makeInProcess(flags int, config *UnshareConfig) (fds [len(kind.Table)]*sys.FD, init *pidInit, err error) {
	sys.PrimePidfd()
	if err := checkProc(); err != nil {
		return fds, nil, newError("unshare", flags, err)
	}
	joins, between, err := s.joins(s.around(flags))
	if err != nil {
		return fds, nil, err
	}
	defer between.Close()
	outer, above, err := s.joins(s.differs & NS_USER)
	if err != nil {
		return fds, nil, err
	}
	defer above.Close()
	first, opened, err := forkexec.Hold(joins, flags, config.setup(flags, outer))
	if err != nil {
		return fds, nil, childError("unshare", flags, err)
	}
	for i, k := range kind.Table {
		if flags&k.Flag != 0 {
			fds[i], opened = opened[0], opened[1:]
		}
	}
	return fds, newPidInit(first), nil
}

// checkProc makes sure that /proc shows this process's children under the numbers that it knows.
func checkProc() error {
	switch self, err := procfs.ProcessID(procfs.Root, procfs.Self); {
	case errors.Is(err, fs.ErrNotExist), err == nil && self != os.Getpid():
		return procns.ErrForeignProc
	default:
		return err
	}
}

// setup is what the child does; outer is what to join to be in the user namespace above a new one.
func (c *UnshareConfig) setup(flags int, outer []forkexec.Join) forkexec.Setup {
	setup := forkexec.Setup{
		Propagation: cmp.Or(uintptr(c.propagation), forkexec.Unchanged),
		Offsets:     c.offsets.text(),
	}
	if c.maps != nil {
		setup.Configure = c.maps.configure(context.Background(), outer)
	}
	for _, k := range kind.Table {
		if flags&k.Flag != 0 {
			setup.Open = append(setup.Open, k.Link)
		}
	}
	return setup
}

// around returns the kinds that a process joins before it makes those in flags. As on a
// thread, these are only the kinds that the new ones are copied from, and the user namespace,
// which owns them. But a process that can be seen from inside joins all of the Set: the first
// process of a pid namespace, and the one that holds a new user namespace.
func (s Set) around(flags int) int {
	if s.differs&NS_USER != 0 && flags&(NS_USER|NS_PID) != 0 {
		flags |= kind.All &^ NS_PID
	}
	return s.differs & (flags | NS_USER)
}
