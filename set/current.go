// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procns"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// Current returns the namespaces that the calling goroutine is in, of the kinds in
// flags. 0 stands for every kind but user: fewer threads can join a Set that has a user
// namespace, and it is seldom wanted.
//
// The pid and time namespaces are those that children of the caller will be in.
func Current(flags int) (Set, error) {
	if err := checkFlags(flags); err != nil {
		return Set{}, newError("current", 0, err)
	}
	if flags == 0 {
		flags = procns.Flags() &^ NS_USER
	}
	return found("current", flags, func(i int) (*sys.FD, error) {
		fd, err := procns.Open(&kind.Table[i])
		if errors.Is(err, fs.ErrNotExist) && kind.Table[i].Flag == NS_PID && procns.Flags()&NS_PID != 0 {
			err = fmt.Errorf("no first process lives in this thread's new pid namespace: %w", err)
		}
		return fd, err
	})
}

// FromDir returns the namespaces whose files are in dir, of the kinds in flags;
// 0 stands for each kind that the folder has a file for. The files are named as
// in /proc/PID/ns, and so are those that [Set.Mount] makes: "net", "mnt" ...
//
// A file that is no namespace, or is one of another kind than its name says, is
// an error.
func FromDir(dir string, flags int) (Set, error) {
	if err := checkFlags(flags); err != nil {
		return Set{}, newError("open", 0, err)
	}
	want := flags
	if want == 0 {
		want = kind.All
	}
	s, err := found("open", want, func(i int) (*sys.FD, error) {
		fd, err := openKind(filepath.Join(dir, kind.Table[i].Name), kind.Table[i].Flag)
		if flags == 0 && errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return fd, err
	})
	if errors.Is(err, errNothing) {
		err = newError("open", 0, fmt.Errorf("%s: no namespace file: %w", dir, fs.ErrNotExist))
	}
	return s, err
}

func openKind(path string, flag int) (*sys.FD, error) {
	fd, err := sys.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := checkKind(fd, flag); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), fd.Close())
	}
	return fd, nil
}

// checkKind makes sure that a descriptor is a namespace of that kind.
func checkKind(fd *sys.FD, flag int) error {
	is, err := fd.NamespaceFlag()
	if err != nil {
		return err
	}
	if is != flag {
		return invalid(fmt.Sprintf("a namespace of kind %s, not %s", KindNames(is), KindNames(flag)))
	}
	return nil
}

// FromPid returns the namespaces of a process or thread, of the kinds in flags;
// 0 stands for every kind but user. A process that has ended, or ends
// meanwhile, is an error for which errors.Is(err, [fs.ErrNotExist]) or
// errors.Is(err, unix.ESRCH) holds.
func FromPid(pid, flags int) (Set, error) {
	if err := checkFlags(flags); err != nil {
		return Set{}, newError("open", 0, err)
	}
	if pid <= 0 {
		return Set{}, newError("open", flags, invalid(fmt.Sprintf("%d is no process ID", pid)))
	}
	if flags == 0 {
		flags = procns.Flags() &^ NS_USER
	}
	if procns.Err() != nil {
		return Set{}, newError("open", flags, procns.Err())
	}
	// One descriptor of the folder for all: it goes stale with its process, so
	// that the files of another one that gets the same number are never mixed in.
	dir, err := sys.OpenDirAt(procns.Proc(), fmt.Sprintf("%d/ns", pid))
	if err != nil {
		return Set{}, newError("open", flags, fmt.Errorf("process %d: %w", pid, err))
	}
	s, err := found("open", flags, func(i int) (*sys.FD, error) {
		fd, err := sys.OpenAt(dir, kind.Table[i].Name)
		if err != nil {
			err = fmt.Errorf("process %d: %w", pid, err)
		}
		return fd, err
	})
	if err = errors.Join(err, newError("close", 0, dir.Close())); err != nil {
		return Set{}, errors.Join(err, s.Close())
	}
	return s, nil
}

// FromFds returns the namespaces of the descriptors, which it duplicates: the caller
// still has to close the FdSet. Descriptors may come from anywhere, for example over a
// unix socket; each has to be a namespace of the kind that its key names.
func FromFds(fds FdSet) (Set, error) {
	var flags int
	for flag := range fds {
		if _, err := indexOf(flag); err != nil {
			return Set{}, newError("dup", 0, err)
		}
		flags |= flag
	}
	if flags == 0 {
		return Set{}, newError("dup", 0, errNoKind)
	}
	return found("dup", flags, func(i int) (*sys.FD, error) {
		f := fds[kind.Table[i].Flag]
		if f == nil {
			return nil, invalid("no file")
		}
		fd, err := sys.DupFile(f)
		if err != nil {
			return nil, err
		}
		if err := checkKind(fd, kind.Table[i].Flag); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", f.Name(), err), fd.Close())
		}
		return fd, nil
	})
}
