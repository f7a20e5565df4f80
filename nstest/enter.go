// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// Go never ends the main thread. A test that landed on it could not be moved
// into a namespace, so the main goroutine, which runs no test, keeps it.
func init() { runtime.LockOSThread() }

// Enter makes a fixture, as [New] does, and moves the calling goroutine into it:
// the rest of the test runs inside. It is for the test's own goroutine.
//
// Goroutines that the test starts are not inside, and so are no subtests of
// t.Run: see [Run]. At the end of the test Enter makes sure that the goroutine
// is still where it was put; one that unlocked its thread, or moved it, fails.
//
// In Ginkgo each node has a goroutine of its own, so that Enter lasts only for
// the node that calls it; [Inside] moves them all.
func Enter(tb testing.TB, flags int, opts ...Option) *Fixture {
	tb.Helper()
	f := New(tb, flags, opts...)
	r := f.room()
	if err := r.set.Enter(); err != nil {
		tb.Fatalf("nstest: %s: %v", r.name, err)
	}
	if t, plain := tb.(*testing.T); plain { // whose cleanups run on the test's own goroutine
		t.Cleanup(func() {
			if err := r.stillHere(); err != nil {
				t.Error(err)
			}
		})
	}
	return f
}

// Run runs f as a subtest of t, inside a fixture of its own. It is t.Run for a
// test that needs namespaces: t.Run starts a new goroutine, which would be
// outside.
func Run(t *testing.T, name string, flags int, f func(t *testing.T), opts ...Option) bool {
	t.Helper()
	return t.Run(name, func(t *testing.T) {
		t.Helper()
		Enter(t, flags, opts...)
		f(t)
	})
}

// stillHere makes sure that the calling goroutine is in the room's Set.
func (r *room) stillHere() error {
	here, err := set.Current(r.set.Flags())
	if err != nil {
		return fmt.Errorf("nstest: %s: where is this goroutine? %w", r.name, err)
	}
	defer here.Close()
	for _, kind := range set.Kinds(r.set.Flags()) {
		same, e := here.Same(r.set, kind)
		if e == nil && !same {
			e = fmt.Errorf("this goroutine is in %s, expected %s", idOf(here, kind), idOf(r.set, kind))
		}
		err = errors.Join(err, e)
	}
	if err != nil {
		return fmt.Errorf("nstest: %s: %w: it unlocked its thread, or moved it", r.name, err)
	}
	return nil
}

// idOf returns an ID for a message.
func idOf(s set.Set, kind int) string {
	id, err := s.ID(kind)
	if err != nil {
		return err.Error()
	}
	return id
}
