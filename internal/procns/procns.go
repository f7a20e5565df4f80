// SPDX-License-Identifier: Apache-2.0

// Package procns has the namespaces of this process: those in which it started, and in which each
// of its threads is that was not moved. They are read once, when the package is initialised,
// before any code could have moved a thread, and held for as long as the process lives: threads go
// back there, and what is in there already needs no joining.
package procns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// own is what this process has.
var own = read()

type namespaces struct {
	proc  *sys.FD
	fds   [len(kind.Table)]*sys.FD
	ids   [len(kind.Table)]sys.InodeID
	flags int
	err   error
}

// ErrForeignProc says that namespaces cannot be read from the /proc that is there.
var ErrForeignProc = errors.New("/proc is missing, or of another pid namespace, and shows other processes under the numbers of ours; " +
	"mount a new one: mount -t proc proc /proc")

func read() (n namespaces) {
	if n.proc, n.err = sys.OpenDir(procfs.Root); n.err != nil {
		if n.err = fmt.Errorf("%s: %w", procfs.Root, n.err); errors.Is(n.err, fs.ErrNotExist) {
			n.err = fmt.Errorf("%w: %w", ErrForeignProc, n.err)
		}
		return n
	}
	for i, k := range kind.Table {
		n.fds[i], n.err = sys.OpenAt(n.proc, "thread-self/ns/"+k.Link)
		if errors.Is(n.err, fs.ErrNotExist) {
			n.err = nil // a kernel without this kind
			continue
		}
		if n.err != nil {
			return n
		}
		if n.ids[i], n.err = n.fds[i].InodeID(); n.err != nil {
			return n
		}
		n.flags |= k.Flag
	}
	if n.flags == 0 { // what /proc is mounted over with
		n.err = ErrForeignProc
	}
	return n
}

// Err is why the namespaces could not be read, if so.
func Err() error { return own.err }

// Flags has the kinds that this kernel knows.
func Flags() int { return own.flags }

// Has reports whether a namespace of that kind is this process's.
func Has(flag int, id sys.InodeID) bool { return own.ids[kind.Index(flag)] == id }

// Proc is the /proc from which namespaces are read. It stays the right one inside of a mount
// namespace that has another on /proc, or none.
func Proc() *sys.FD { return own.proc }

// Open opens the calling thread's namespace of a kind, one of [kind.Table].
func Open(k *kind.Kind) (*sys.FD, error) { return sys.OpenAt(own.proc, "thread-self/ns/"+k.Link) }

// Here is the calling thread's namespace of a kind, one of [kind.Table].
func Here(k *kind.Kind) (sys.InodeID, error) {
	if own.err != nil {
		return sys.InodeID{}, own.err
	}
	return sys.InodeIDAt(own.proc, "thread-self/ns/"+k.Link)
}

// Moved has those kinds of flags in which the calling thread is not where the process is, or may not be: of
// these [Open] says more.
func Moved(flags int) (moved int) {
	for i := range kind.Table {
		k := &kind.Table[i]
		if flags&k.Flag == 0 {
			continue
		}
		if id, err := Here(k); err != nil || id != own.ids[i] {
			moved |= k.Flag
		}
	}
	return moved
}

// Restore takes the calling thread back in the kinds of flags, and reports whether it is where the
// process is in each of them.
func Restore(flags int) bool {
	if flags&^kind.Restorable != 0 {
		return false
	}
	for i := range kind.Table {
		if flags&kind.Table[i].Flag != 0 && sys.Setns(own.fds[i], kind.Table[i].Flag) != nil {
			return false
		}
	}
	return true
}

// UseProcOfNewRoot is for a process that has gone to another root directory. It takes the /proc that
// is there if the process finds itself in it under its own number: in a pid namespace, others are found
// there under theirs.
func UseProcOfNewRoot() error {
	if self, err := procfs.ProcessID(procfs.Root, procfs.Self); err != nil || self != os.Getpid() {
		return nil // there is none, or one that is not better
	}
	return UseProc(procfs.Root)
}

// UseProc has namespaces read from a folder, in place of the one before.
func UseProc(dir string) error {
	proc, err := sys.OpenDir(dir)
	if err != nil {
		return err
	}
	proc, own.proc = own.proc, proc
	return proc.Close()
}
