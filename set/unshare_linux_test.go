// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/moby/sys/mountinfo"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

func TestUnshareMakesNewNamespacesAndOnlyThose(t *testing.T) {
	each(t, five, func(t *testing.T, name string, flag int) {
		before := here(t, name)
		a, b := unshare(t, flag), unshare(t, flag)
		if a.Flags() != flag {
			t.Errorf("flags are %#x, want %#x", a.Flags(), flag)
		}
		if id(t, a, flag) == before || id(t, a, flag) == id(t, b, flag) {
			t.Errorf("not new: process %s, Sets %s and %s", before, a, b)
		}
		if after := here(t, name); after != before {
			t.Errorf("the caller moved from %s to %s", before, after)
		}
	})
}

func TestUnshareOfASetKeepsItsOtherKinds(t *testing.T) {
	s := unshare(t, set.NS_NET|set.NS_UTS)
	more := closing(t)(s.Unshare(set.NS_UTS | set.NS_IPC))
	if want := set.NS_NET | set.NS_UTS | set.NS_IPC; more.Flags() != want {
		t.Fatalf("flags are %#x, want %#x", more.Flags(), want)
	}
	if id(t, more, set.NS_NET) != id(t, s, set.NS_NET) || id(t, more, set.NS_UTS) == id(t, s, set.NS_UTS) {
		t.Errorf("made %s from %s, want the same net and a new uts", more, s)
	}
	noError(t, s.Close())
	noError(t, more.Do(func() {})) // independent of s
}

func TestUnshareHappensInsideTheSet(t *testing.T) {
	outer := unshare(t, set.NS_UTS)
	noError(t, outer.Do(func() { noError(t, unix.Sethostname([]byte("inside"))) }))
	inner := closing(t)(outer.Unshare(set.NS_UTS))
	noError(t, inner.Do(func() {
		if name := hostname(t); name != "inside" {
			t.Errorf("the host name is %q: copied from the caller, not from the Set", name)
		}
	}))
}

func TestUnshareCopiesTheMountNamespaceOfTheSet(t *testing.T) {
	dir := t.TempDir()
	outer := unshare(t, set.NS_MNT)
	noError(t, outer.Do(func() { mountTmpfs(t, dir) }))
	inner := closing(t)(outer.Unshare(set.NS_MNT))
	noError(t, inner.Do(func() {
		if !mounted(t, dir) {
			t.Error("the Set's mount is missing in the new namespace")
		}
	}))
	if mounted(t, dir) {
		t.Error("the mount shows in the caller's namespace")
	}
}

// sharing makes a mount namespace that shares its mounts with its copies, but not
// with the host, whose / may be shared too.
func sharing(t *testing.T) set.Set {
	return closing(t)(unshare(t, set.NS_MNT).Unshare(set.NS_MNT, set.WithPropagation(set.PropagationShared)))
}

func TestNewMountNamespaceIsPrivateEvenUnderASharedParent(t *testing.T) {
	dir := t.TempDir()
	parent := sharing(t)
	child := closing(t)(parent.Unshare(set.NS_MNT))
	noError(t, child.Do(func() { mountTmpfs(t, dir) }))
	noError(t, parent.Do(func() {
		if mounted(t, dir) {
			t.Error("a mount made in the child shows in its parent")
		}
	}))
}

func TestWithPropagationSharesMounts(t *testing.T) {
	dir := t.TempDir()
	parent := sharing(t)
	child := closing(t)(parent.Unshare(set.NS_MNT, set.WithPropagation(set.PropagationUnchanged)))
	noError(t, child.Do(func() { mountTmpfs(t, dir) }))
	noError(t, parent.Do(func() {
		if !mounted(t, dir) {
			t.Error("a mount made in the child does not show in its parent")
		}
	}))
}

func TestNewTimeNamespaceHasItsOffsets(t *testing.T) {
	s := unshare(t, set.NS_TIME)
	if id(t, s, set.NS_TIME) == here(t, "time") {
		t.Error("the time namespace is the process's own")
	}
	err := s.Do(func() { t.Error("f ran") })
	if !errors.Is(err, set.ErrNeedsProcess) {
		t.Errorf("Do: %v, want ErrNeedsProcess", err)
	}
}

func TestUnshareRefusesNonsenseBeforeItMakesAnything(t *testing.T) {
	ids := []set.IDMap{{ContainerID: 0, HostID: 0, Size: 1}}
	for name, try := range map[string]func() (set.Set, error){
		"no kind":           func() (set.Set, error) { return set.Unshare(0) },
		"unknown flag":      func() (set.Set, error) { return set.Unshare(set.NS_NET | 1) },
		"maps without user": func() (set.Set, error) { return set.Unshare(set.NS_NET, set.WithIDMaps(ids, ids)) },
		"root without user": func() (set.Set, error) { return set.Unshare(set.NS_NET, set.WithRootMapped()) },
		"empty maps":        func() (set.Set, error) { return set.Unshare(set.NS_USER, set.WithIDMaps(nil, nil)) },
		"overlap inside": func() (set.Set, error) {
			return set.Unshare(set.NS_USER, set.WithIDMaps(overlapping(0, 5, 3, 100), ids))
		},
		"overlap outside": func() (set.Set, error) {
			return set.Unshare(set.NS_USER, set.WithIDMaps(ids, overlapping(0, 5, 50, 4)))
		},
		"size zero": func() (set.Set, error) { return set.Unshare(set.NS_USER, set.WithIDMaps([]set.IDMap{{}}, ids)) },
		"maps twice": func() (set.Set, error) {
			return set.Unshare(set.NS_USER, set.WithRootMapped(), set.WithIDMaps(ids, ids))
		},
		"offsets, no time":    func() (set.Set, error) { return set.Unshare(set.NS_NET, set.WithTimeOffsets(1, 1)) },
		"propagation, no mnt": func() (set.Set, error) { return set.Unshare(set.NS_NET, set.WithPropagation(set.PropagationUnchanged)) },
		"no propagation":      func() (set.Set, error) { return set.Unshare(set.NS_MNT, set.WithPropagation(3)) },
	} {
		t.Run(name, func(t *testing.T) {
			files := openFiles(t)
			_, err := try()
			if !errors.Is(err, os.ErrInvalid) {
				t.Errorf("%v, want os.ErrInvalid", err)
			}
			if now := openFiles(t); now != files {
				t.Errorf("%d descriptors are open, want %d", now, files)
			}
		})
	}
}

// overlapping has two ranges of ten IDs, at these places inside and outside.
func overlapping(in1, in2, out1, out2 int) []set.IDMap {
	return []set.IDMap{{ContainerID: in1, HostID: out1, Size: 10}, {ContainerID: in2, HostID: out2, Size: 10}}
}

func TestUnshareLeavesNoThreadBehind(t *testing.T) {
	unshare(t, set.NS_TIME)
	each(t, five, func(t *testing.T, _ string, flag int) {
		s := unshare(t, flag)
		closing(t)(s.Unshare(flag))
	})
	allThreadsRestored(t)
}

func mountTmpfs(t *testing.T, dir string) {
	t.Helper()
	noError(t, unix.Mount("gonso", dir, "tmpfs", 0, ""))
}

// mounted reads the calling thread's mount namespace.
func mounted(t *testing.T, dir string) bool {
	t.Helper()
	f, err := os.Open("/proc/thread-self/mountinfo")
	noError(t, err)
	defer f.Close()
	list, err := mountinfo.GetMountsFromReader(f, mountinfo.SingleEntryFilter(filepath.Clean(dir)))
	noError(t, err)
	return slices.ContainsFunc(list, func(m *mountinfo.Info) bool { return m.Mountpoint == dir })
}

// The copy is of where the caller is, which is looked at each time: also inside of Do.
func TestUnshareInsideOfDoCopiesWhatIsThere(t *testing.T) {
	outer := unshare(t, set.NS_UTS)
	var inner set.Set
	noError(t, outer.Do(func() {
		if err := unix.Sethostname([]byte("inside")); err != nil {
			t.Error(err)
			return
		}
		var err error
		if inner, err = set.Unshare(set.NS_UTS); err != nil {
			t.Error(err)
		}
	}))
	defer inner.Close()
	noError(t, inner.Do(func() {
		if name, err := os.Hostname(); name != "inside" {
			t.Errorf("the copy is named %q (%v)", name, err)
		}
	}))
}
