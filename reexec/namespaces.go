// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A Namespace is a namespace to join, for [Namespaces].
type Namespace struct {
	// Type is "cgroup", "ipc", "mnt", "net", "pid", "time", "user" or "uts". With a !
	// in front, Path is opened before the first namespace of the list is joined.
	// Without it, Path is opened right before this namespace is joined, inside of those
	// before it: after a mount namespace it may be another file, and after a user
	// namespace it may be a file that could not be opened before.
	Type string

	// Path is a file such as /proc/4711/ns/net.
	Path string
}

// Namespaces makes the action run in the namespaces, which are joined in the order
// of the list. Unlike with gons, the action is in a pid or time namespace itself, and not
// just its children. [In] takes a Set, and finds the order by itself.
func Namespaces(namespaces []Namespace) Option {
	return func(c *config) { c.namespaces = append(c.namespaces, namespaces...) }
}

// openNamespaces opens what is to be opened first.
func (c *config) openNamespaces(t *target) (joins []forkexec.Join, err error) {
	var seen int
	for _, ns := range c.namespaces {
		name, first := strings.CutPrefix(ns.Type, "!")
		k, ok := kind.Named(name)
		switch {
		case !ok:
			return nil, ns.invalid("the type is none of " + kind.Names(kind.All))
		case seen&k.Flag != 0:
			return nil, ns.invalid("the type is there twice")
		case ns.Path == "":
			return nil, ns.invalid("no path")
		}
		seen |= k.Flag
		if !first {
			joins = append(joins, forkexec.Join{Flag: k.Flag, Path: ns.Path})
			continue
		}
		fd, err := sys.Open(ns.Path) // a FIFO does not make it wait
		if err != nil {
			return nil, ns.failed(&os.PathError{Op: "open", Path: ns.Path, Err: err})
		}
		f := os.NewFile(uintptr(fd.Disown()), ns.Path)
		t.held = append(t.held, f)
		// Is it one, and of that kind?
		s, err := set.FromFds(set.FdSet{k.Flag: f})
		if err := errors.Join(err, s.Close()); err != nil {
			return nil, ns.failed(err)
		}
		joins = append(joins, forkexec.Join{Flag: k.Flag, FD: int(f.Fd())})
	}
	return joins, nil
}

func (ns Namespace) failed(err error) error { return fmt.Errorf("namespace %q: %w", ns.Type, err) }

func (ns Namespace) invalid(text string) error {
	return ns.failed(fmt.Errorf("%s: %w", text, os.ErrInvalid))
}
