// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/onsi/gomega/format"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/set"
)

type beMountedAt struct {
	whileOpen
	path string

	there, not []string // a line for each namespace
}

func (m *beMountedAt) Match(actual any) (success bool, err error) {
	m.there, m.not = nil, nil
	s, err := setOf("BeMountedAt", actual)
	if err != nil {
		return false, err
	}
	if s.Flags() == 0 {
		return false, unexpected("BeMountedAt", "a Set that holds namespaces", actual)
	}
	if info, e := os.Lstat(m.path); e == nil && info.IsDir() {
		for _, kind := range set.Kinds(s.Flags()) {
			err = errors.Join(err, m.look(s, kind, filepath.Join(m.path, set.KindNames(kind))))
		}
	} else {
		err = m.look(s, s.Flags(), m.path)
	}
	if err != nil {
		return false, fmt.Errorf("BeMountedAt matcher: %w", err)
	}
	return len(m.not) == 0, nil
}

func (m *beMountedAt) FailureMessage(actual any) string {
	return format.Message(actual, "to be mounted at "+m.path+"\nbut\n") + lines(m.not)
}

func (m *beMountedAt) NegatedFailureMessage(actual any) string {
	return format.Message(actual, "not to be mounted at "+m.path+"\nbut\n") + lines(m.there)
}

// look reports whether what is mounted on a file is the Set's namespace of one of
// the kinds.
func (m *beMountedAt) look(s set.Set, kinds int, file string) error {
	mounted, what, err := mountedOn(file)
	if err != nil {
		return err
	}
	if what != "" {
		m.not = append(m.not, fmt.Sprintf("%s is %s", file, what))
		return nil
	}
	defer mounted.Close()
	kind := mounted.Flags()
	is := fmt.Sprintf("%s is %s", file, idOf(mounted, kind))
	if kinds&kind == 0 {
		m.not = append(m.not, is)
		return nil
	}
	same, err := s.Same(mounted, kind)
	switch {
	case err != nil:
		return err
	case same:
		m.there = append(m.there, is)
	default:
		m.not = append(m.not, fmt.Sprintf("%s, not %s", is, idOf(s, kind)))
	}
	return nil
}

// mountedOn returns a Set of the namespace that is mounted on a file, or tells
// what is there instead.
func mountedOn(file string) (s set.Set, what string, err error) {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return set.Set{}, "not there", nil
	case err != nil:
		return set.Set{}, "", err
	case info.Mode().Type() == fs.ModeSymlink:
		return set.Set{}, "a symbolic link", nil
	}
	fd, err := sys.Open(file)
	if err != nil {
		return set.Set{}, "", &fs.PathError{Op: "open", Path: file, Err: err}
	}
	defer fd.Close() // nothing was written
	kind, err := fd.NamespaceFlag()
	if errors.Is(err, sys.ErrNotNamespace) {
		return set.Set{}, "no namespace", nil
	}
	if err != nil {
		return set.Set{}, "", fmt.Errorf("%s: %w", file, err)
	}
	f, err := fd.File(file)
	if err != nil {
		return set.Set{}, "", err
	}
	fds := set.FdSet{kind: f}
	s, err = set.FromFds(fds)
	if err = errors.Join(err, fds.Close()); err != nil {
		return set.Set{}, "", errors.Join(err, s.Close())
	}
	return s, "", nil
}
