// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/internal/thread"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Enter makes a fixture, as [New] does, and moves the calling goroutine into it: the rest of the test runs
// inside, with the clean-ups that are registered later. Call it on the test's own goroutine.
//
// Goroutines that the test starts are not inside. Neither are subtests of t.Run, and if there are any, the test
// fails; [Fixture.Run] and [Run] start subtests that are inside. The test also fails if, at its end, its
// goroutine is no longer in the fixture, or has unlocked its thread.
//
// In a mount namespace, the goroutine's working directory is the one of the same path, and t.Chdir changes it
// for this goroutine only. The goroutine leaves the mount namespace before t.TempDir is removed, so that no
// file of what is mounted in that folder is removed.
//
// In Ginkgo each node has a goroutine of its own, so that Enter moves only the node that calls it. [Inside]
// moves all nodes.
func Enter(tb testing.TB, flags int, opts ...Option) *Fixture {
	needTest(tb, "Enter")
	tb.Helper()
	f := New(tb, flags, opts...)
	f.now.Load().enter(tb)
	return f
}

// Enter moves the calling goroutine, which is that of tb, into the fixture: the rest of tb runs inside, as after the function [Enter].
//
//	router := nstest.NamedNetNS(t, "router")
//	router.Enter(t)
func (f *Fixture) Enter(tb testing.TB) {
	needTest(tb, "Fixture.Enter")
	tb.Helper()
	f.For(tb).instance(tb).enter(tb)
}

// Run runs f as a subtest of t, inside a fixture of its own. It is t.Run for a
// test that needs namespaces: t.Run starts a new goroutine, which would be
// outside. [Here] returns the fixture.
func Run(t *testing.T, name string, flags int, f func(t *testing.T), opts ...Option) bool {
	needTest(t, "Run")
	t.Helper()
	return runSubtestOf(t, name, func(t *testing.T) {
		t.Helper()
		Enter(t, flags, opts...)
		f(t)
	})
}

// Run runs what as a subtest of t, inside the fixture. All tests that run in the fixture share its namespaces.
func (f *Fixture) Run(t *testing.T, name string, what func(t *testing.T)) bool {
	needTest(t, "Fixture.Run")
	t.Helper()
	in := f.For(t).instance(t)
	return runSubtestOf(t, name, func(t *testing.T) {
		t.Helper()
		in.enter(t)
		what(t)
	})
}

// enter moves the calling goroutine, which is that of tb, into the instance until tb ends.
func (in *instance) enter(tb testing.TB) {
	tb.Helper()
	spec := lifecycle.IsGinkgo(tb) // whose clean-ups run on other goroutines
	var outside set.Set
	var err error
	if !spec {
		outside, err = in.leavable(tb)
	}
	if err == nil {
		err = enter(in.Set)
	}
	if err != nil {
		tb.Fatalf("nstest: %s: %v", in.Name, errors.Join(needsProcess(err, helpInProcess), outside.Close()))
	}
	if spec {
		return
	}
	in.stay(tb, outside, false)
}

// enter moves the calling goroutine into a Set. Go never ends the main thread, which so cannot be moved: a goroutine
// that runs on it leaves it before. With [Main] the main goroutine, which runs no test, keeps it.
func enter(s set.Set) (err error) {
	thread.OffMain(func() { err = s.Enter() })
	return err
}

// stayInProcess is what enter is for an instance that the whole process is in, see [InProcess].
// Its temporary folder is removed from a copy of the mount namespace as it came.
func (in *instance) stayInProcess(tb testing.TB) {
	tb.Helper()
	var outside set.Set
	if in.Set.Flags()&set.NS_MNT != 0 {
		var err error
		if outside, err = set.Unshare(set.NS_MNT); err != nil {
			tb.Fatalf("nstest: %s: %v", in.Name, err)
		}
		tempDirFirst(tb)
	}
	in.stay(tb, outside, true)
}

// stay has a test be in the instance until it ends, and then go to the mount namespace outside.
func (in *instance) stay(tb testing.TB, outside set.Set, process bool) {
	tb.Helper()
	stays.begin(tb, in, process)
	tb.Cleanup(func() {
		tb.Helper()
		in.NoteFailure() // what is mounted in t.TempDir is about to go
		err := stays.end(tb)
		if !process {
			err = errors.Join(err, in.stillHere())
		}
		if outside.Flags() != 0 {
			err = errors.Join(err, enter(outside), outside.Close())
		}
		if err != nil {
			tb.Errorf("nstest: %s: %v", in.Name, err)
		}
	})
}

// leavable returns the mount namespace to go back to at the end of the test, if it is to
// enter another one.
//
// Inside, t.TempDir could not be removed while something is mounted in it, and what can be
// seen there of other folders, by bind mounts, would be removed too. From outside the
// mounts cannot be seen, and the kernel detaches those on a folder that is removed (since
// Linux 3.18). The clean-up that does so has to be registered before the one that leaves.
func (in *instance) leavable(tb testing.TB) (outside set.Set, err error) {
	if in.Set.Flags()&set.NS_MNT == 0 {
		return set.Set{}, nil
	}
	tempDirFirst(tb)
	return set.Current(set.NS_MNT)
}

// tempDirFirst has the clean-up of TempDir come after all that are registered from now on. The
// test may want no folder, so that it is no failure if it can have none.
func tempDirFirst(tb testing.TB) {
	tb.Helper()
	if sys.Access(cmp.Or(os.Getenv("GOTMPDIR"), os.TempDir()), sys.MayWrite) == nil {
		tb.TempDir()
	}
}

// stillHere makes sure that the calling goroutine is in the instance's Set.
func (in *instance) stillHere() error {
	here, err := set.Current(in.Set.Flags())
	if err != nil {
		return fmt.Errorf("where is this goroutine? %w", err)
	}
	defer here.Close()
	for _, kind := range set.Kinds(in.Set.Flags()) {
		same, e := here.Same(in.Set, kind)
		if e == nil && !same {
			e = fmt.Errorf("this goroutine is in %s, expected %s", idOf(here, kind), idOf(in.Set, kind))
		}
		err = errors.Join(err, e)
	}
	if err != nil {
		return fmt.Errorf("%w: it unlocked its thread, or moved it", err)
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
