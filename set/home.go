// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// home is where this process started: what every thread of it is in that
// nobody has moved. It is read once, before any code could have moved one, and
// held for as long as the process lives: threads go back there, and a namespace
// that is home's needs no joining.
var home = readHome()

type homes struct {
	// proc is the /proc from which namespaces are read. It stays the right one
	// inside a mount namespace that has another on /proc, or none.
	proc *sys.FD
	fds  [len(kind.Table)]*sys.FD
	ids  [len(kind.Table)]sys.InodeID
	// flags has the kinds that this kernel knows.
	flags int
	err   error
}

func readHome() (h homes) {
	if h.proc, h.err = sys.OpenDir(procfs.Root); h.err != nil {
		if h.err = fmt.Errorf("%s: %w", procfs.Root, h.err); errors.Is(h.err, fs.ErrNotExist) {
			h.err = fmt.Errorf("%w: %w", errForeignProc, h.err)
		}
		return h
	}
	for i, k := range kind.Table {
		h.fds[i], h.err = sys.OpenAt(h.proc, "thread-self/ns/"+k.Link)
		if errors.Is(h.err, fs.ErrNotExist) {
			h.err = nil // a kernel without this kind
			continue
		}
		if h.err != nil {
			return h
		}
		if h.ids[i], h.err = h.fds[i].InodeID(); h.err != nil {
			return h
		}
		h.flags |= k.Flag
	}
	if h.flags == 0 { // what /proc is mounted over with
		h.err = errForeignProc
	}
	return h
}

func init() { forkexec.OnArrival(home.arrive) }

// arrive takes the /proc of the root directory that this process has gone to, if it finds
// itself there under its own number: in a pid namespace, others are found there under
// theirs.
func (h *homes) arrive() error {
	if self, err := procfs.ProcessID(procfs.Root, procfs.Self); err != nil || self != os.Getpid() {
		return nil // there is none, or one that is not better than what home has
	}
	proc, err := sys.OpenDir(procfs.Root)
	if err != nil {
		return err
	}
	proc, h.proc = h.proc, proc
	return proc.Close()
}

// open opens the calling thread's namespace of a kind.
func (h *homes) open(k *kind.Kind) (*sys.FD, error) {
	return sys.OpenAt(h.proc, "thread-self/ns/"+k.Link)
}

// restore takes the calling thread home in the kinds of flags and tells whether
// it is there, in each of them.
func (h *homes) restore(flags int) bool {
	if flags&^kind.Restorable != 0 {
		return false
	}
	for i := range kind.Table {
		if flags&kind.Table[i].Flag != 0 && sys.Setns(h.fds[i], kind.Table[i].Flag) != nil {
			return false
		}
	}
	return true
}
