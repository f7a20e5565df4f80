// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/leftover"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/replay"
	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// unshareHere makes the namespaces of a process, where this one is.
func (c *config) unshareHere() (set.Set, error) {
	here, err := set.Current(0)
	if err != nil {
		return set.Set{}, err
	}
	defer here.Close()
	if c.flags&set.NS_USER == 0 || c.mapsIDs() {
		return here.Unshare(c.flags, c.unshare...)
	}
	var s set.Set
	for _, maps := range idMaps() {
		if s, err = here.Unshare(c.flags, append(slices.Clip(c.unshare), maps)...); err == nil {
			break
		}
	}
	return s, err
}

func (c *config) mapsIDs() bool {
	var chosen set.UnshareConfig
	for _, opt := range c.unshare {
		opt(&chosen)
	}
	return chosen.MapsIDs()
}

// idMaps are ways of mapping IDs into a new user namespace, all with the caller as root. The
// one with the most IDs comes first, and the last takes no privilege.
func idMaps() []set.UnshareOpt {
	list := []set.UnshareOpt{set.WithSubIDs()}
	if os.Geteuid() == 0 {
		uids, uidErr := procfs.UIDMap(procfs.Root, procfs.Self)
		gids, gidErr := procfs.GIDMap(procfs.Root, procfs.Self)
		if uidErr == nil && gidErr == nil {
			list = append(list, set.WithIDMaps(theSame(uids), theSame(gids)))
		}
	}
	return append(list, set.WithRootMapped())
}

// theSame maps the IDs that there are here to themselves: of each range as many as an
// ordinary user is given (subuid(5)).
func theSame(here []procfs.IDRange) (maps []set.IDMap) {
	for _, r := range here {
		first := int(r.Inside)
		maps = append(maps, set.IDMap{ContainerID: first, HostID: first, Size: int(min(r.Count, 1<<16))})
	}
	return maps
}

// newProcessConfig is newConfig for a process. One in a pid namespace gets a mount namespace,
// too, for a /proc where it finds itself.
func newProcessConfig(flags int, opts []Option) *config {
	c := newConfig(flags, opts)
	if c.wantsProc() {
		c.flags |= set.NS_MNT
	}
	return c
}

func (c *config) wantsProc() bool { return !c.raw && c.flags&set.NS_PID != 0 }

// mountProc mounts the /proc of a Set of a pid and a mount namespace. A process of its own
// does it, so that the next one has it from the beginning: package set keeps the one that it
// finds.
func mountProc(ctx context.Context, s set.Set) error {
	parents, err := mountsID()
	if err == nil {
		_, err = newProc.Run(ctx, parents, reexec.In(s), reexec.Nested())
	}
	if errors.Is(err, reexec.ErrNoCheckAction) {
		return nil // said of the next one, with what helps
	}
	if failed := new(reexec.ActionError); errors.As(err, &failed) {
		return failed
	}
	return err
}

// newProc never mounts in the parent's mount namespace: nobody there would find themselves
// in /proc any more.
var newProc = reexec.Func("nstest.InProcess: /proc", func(_ context.Context, parents string) (int, error) {
	id, err := mountsID()
	if err != nil {
		return 0, err
	}
	if id == parents {
		return 0, fmt.Errorf("mount proc on /proc: the mount namespace is that of the parent, %s", id)
	}
	return 0, nssetup.FreshProc()
})

func mountsID() (string, error) {
	here, err := set.Current(set.NS_MNT)
	if err != nil {
		return "", err
	}
	id, err := here.ID(set.NS_MNT)
	return id, errors.Join(err, here.Close())
}

// setUpProcess prepares the namespaces of this process for the test t.
func (c *config) setUpProcess(t *testing.T) {
	t.Helper()
	if err := replay.ShareArtifacts(t, asked.Artifacts); err != nil {
		t.Fatalf("nstest: artifacts: %v", err)
	}
	if setup := c.setup(); setup != nil {
		if err := setup(); err != nil {
			t.Fatalf("nstest: set up the namespaces: %v", err)
		}
	}
	c.reportHere(t)
}

// reportHere has the namespaces that this process was started in be reported as a fixture
// is.
func (c *config) reportHere(t *testing.T) {
	t.Helper()
	here, err := set.Current(c.flags)
	if err != nil {
		t.Fatalf("nstest: %v", err)
	}
	mounts, err := procfs.Mounts(procfs.Root, procfs.Self)
	in := instanceOf(&lifecycle.Instance{
		TB: t, Owner: t.Name(), Name: cmp.Or(c.name, set.KindNames(c.flags)), Set: here, Own: here, Leftover: leftover.In(here),
		Usual: func() ([]procfs.Mount, error) { return mounts, err },
	})
	in.Begin()
	in.stayInProcess(t)
}
