// SPDX-License-Identifier: Apache-2.0

//go:build linux

package reexec_test

import (
	"context"
	"os"

	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// whereabouts are what a process knows of itself.
type whereabouts struct {
	IDs      map[string]string // of its namespaces
	UID, GID int
	Groups   []int
	PID      int
	Dir      string
	Root     []string // what is in its root directory
}

var locate = reexec.Func("locate", func(context.Context, struct{}) (w whereabouts, err error) {
	if w, err = lookAround(); err != nil {
		return w, err
	}
	here, err := set.Current(allKinds)
	if err != nil {
		return w, err
	}
	w.IDs, err = ids(here)
	return w, err
})

// grope finds out what there is to know without a /proc.
var grope = reexec.Func("grope", func(context.Context, struct{}) (whereabouts, error) { return lookAround() })

// lookAround returns all but the namespaces, which are read from /proc.
func lookAround() (w whereabouts, err error) {
	w.UID, w.GID, w.PID = os.Getuid(), os.Getgid(), os.Getpid()
	if w.Groups, err = os.Getgroups(); err != nil {
		return w, err
	}
	if w.Dir, err = os.Getwd(); err != nil {
		return w, err
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		return w, err
	}
	for _, e := range entries {
		w.Root = append(w.Root, e.Name())
	}
	return w, nil
}

// ids returns the names of a Set's namespaces, and closes it.
func ids(s set.Set) (map[string]string, error) {
	defer s.Close()
	names := map[string]string{}
	for _, kind := range set.Kinds(s.Flags()) {
		id, err := s.ID(kind)
		if err != nil {
			return nil, err
		}
		names[set.KindNames(kind)] = id
	}
	return names, nil
}
