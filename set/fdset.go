// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
)

// An FdSet is a map of namespace flags to descriptors, close-on-exec and named by the
// ID of their namespace. The caller that asked for it has to close it.
type FdSet map[int]*os.File

// Get returns the descriptor of that kind, or nil. It stays the FdSet's.
func (f FdSet) Get(flag int) *os.File { return f[flag] }

// Close closes all descriptors and empties the FdSet.
func (f FdSet) Close() error {
	var errs []error
	for flag, file := range f {
		errs = append(errs, file.Close())
		delete(f, flag)
	}
	return errors.Join(errs...)
}

// Fds returns duplicates of the Set's descriptors, of the kinds in flags, or of all of
// them where flags is 0. The caller has to close them. They stay valid when the Set is
// closed.
func (s Set) Fds(flags int) (_ FdSet, retErr error) {
	flags, err := s.pick("dup", flags)
	if err != nil {
		return nil, err
	}
	defer s.release()
	fds := make(FdSet)
	for i := range kind.Table {
		if flags&kind.Table[i].Flag == 0 {
			continue
		}
		name, err := s.id(i)
		if err == nil {
			fds[kind.Table[i].Flag], err = s.fds[i].File(name)
		}
		if err != nil {
			delete(fds, kind.Table[i].Flag)
			return nil, errors.Join(newError("dup", kind.Table[i].Flag, err), fds.Close())
		}
	}
	return fds, nil
}
