// SPDX-License-Identifier: Apache-2.0

package set

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/procns"
	"github.com/seed-1bc5c4a2/gonso/internal/subid"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// WithIDMaps sets the ID maps of a new user namespace. Each entry maps the Size IDs from
// ContainerID on, inside, to those from HostID on, outside. Outside is the caller's user namespace
// or, for [Set.Unshare] of a Set that has one, the Set's. To map other IDs than the caller's own
// takes CAP_SETUID and CAP_SETGID (user_namespaces(7)). An empty list writes no map, so that every
// ID shows as the overflow ID.
func WithIDMaps(uidMaps, gidMaps []IDMap) UnshareOpt {
	return withMaps(func() (*idMaps, error) {
		if len(uidMaps)+len(gidMaps) == 0 {
			return nil, invalid("no ID map given")
		}
		return &idMaps{uids: uidMaps, gids: gidMaps}, nil
	})
}

// WithRootMapped maps root inside a new user namespace to the caller's user and
// group. It takes no privilege, and in return the kernel denies setgroups(2)
// inside (user_namespaces(7)).
func WithRootMapped() UnshareOpt {
	return withMaps(func() (*idMaps, error) {
		return &idMaps{rootMapped: true, noSetgroups: true}, nil
	})
}

// WithSubIDs maps root inside a new user namespace to the caller, and the IDs
// from 1 on to the caller's ranges of /etc/subuid and /etc/subgid, written by
// newuidmap(1) and newgidmap(1), which have the privilege that the caller
// lacks (Debian: package uidmap).
func WithSubIDs() UnshareOpt {
	return withMaps(func() (*idMaps, error) {
		uids, gids, err := subid.Own()
		return &idMaps{uids: uids, gids: gids, helper: true}, err
	})
}

func withMaps(make func() (*idMaps, error)) UnshareOpt {
	return func(c *UnshareConfig) {
		c.needs |= NS_USER
		maps, err := make()
		if err == nil && c.maps != nil {
			err = invalid("ID maps given twice")
		}
		if err == nil {
			err = errors.Join(checkMap("uid", maps.uids), checkMap("gid", maps.gids))
		}
		c.maps = maps
		if err != nil {
			c.fail(err)
		}
	}
}

type idMaps struct {
	uids, gids  []IDMap
	rootMapped  bool // just root, to the caller
	noSetgroups bool // setgroups(2) is denied
	helper      bool // newuidmap and newgidmap write them
}

// checkMap refuses what the kernel would refuse with a bare EINVAL.
func checkMap(what string, maps []IDMap) error {
	for i, m := range maps {
		if m.Size < 1 || m.ContainerID < 0 || m.HostID < 0 ||
			int64(m.ContainerID)+int64(m.Size) > math.MaxUint32 || int64(m.HostID)+int64(m.Size) > math.MaxUint32 {
			return invalid(fmt.Sprintf("%s map %+v is not a range of IDs", what, m))
		}
		for _, n := range maps[:i] {
			if overlap(m.ContainerID, m.Size, n.ContainerID, n.Size) || overlap(m.HostID, m.Size, n.HostID, n.Size) {
				return invalid(fmt.Sprintf("%s maps %+v and %+v overlap", what, n, m))
			}
		}
	}
	return nil
}

func overlap(a, aSize, b, bSize int) bool { return a < b+bSize && b < a+aSize }

// configure returns what writes the maps for a process, as write does.
func (m *idMaps) configure(ctx context.Context, outer []forkexec.Join) func(pid int) error {
	return func(pid int) error { return newError("map the IDs of", NS_USER, m.write(ctx, pid, outer)) }
}

// write maps the IDs of the user namespace that a process has made. Only in the
// namespace right above may that be done: outer is what to join to be there, or
// empty if this process is. Helpers are killed with the context, or when they take too long.
func (m *idMaps) write(ctx context.Context, pid int, outer []forkexec.Join) error {
	if m.helper && len(outer) > 0 {
		return invalid("the subordinate IDs of this process are unknown in another user namespace; use WithIDMaps")
	}
	uids, gids := m.uids, m.gids
	if m.rootMapped {
		uid, gid, err := callerIn(outer)
		if err != nil {
			return err
		}
		uids, gids = []IDMap{{ContainerID: 0, HostID: uid, Size: 1}}, []IDMap{{ContainerID: 0, HostID: gid, Size: 1}}
	}
	// Without CAP_SETGID the kernel takes no gid map before this, so that
	// nobody drops a group that takes rights away (CVE-2014-8989).
	if m.noSetgroups {
		if err := writeProc(pid, "setgroups", "deny", outer); err != nil {
			return err
		}
	}
	if m.helper {
		// Side by side, which spares the time of one.
		first, second := subid.Start(ctx, "newuidmap", pid, uids), subid.Start(ctx, "newgidmap", pid, gids)
		return cmp.Or(first.Wait(), second.Wait())
	}
	if err := writeMap(pid, "uid_map", uids, outer); err != nil {
		return err
	}
	return writeMap(pid, "gid_map", gids, outer)
}

// callerIn returns who the caller is in a user namespace: root, if that does not
// know it (forkexec.Start).
func callerIn(outer []forkexec.Join) (uid, gid int, err error) {
	uid, gid = os.Geteuid(), os.Getegid()
	if len(outer) == 0 {
		return uid, gid, nil
	}
	_, _, err = forkexec.Hold(outer, 0, forkexec.Setup{Configure: func(pid int) error {
		process := strconv.Itoa(pid)
		uids, err := procfs.UIDMap(procfs.Root, process)
		if err != nil {
			return err
		}
		gids, err := procfs.GIDMap(procfs.Root, process)
		uid, gid = inside(uids, uid), inside(gids, gid)
		return err
	}})
	return uid, gid, err
}

func inside(maps []procfs.IDRange, id int) int {
	for _, m := range maps {
		if from := int64(id) - int64(m.Outside); 0 <= from && from < int64(m.Count) {
			return int(int64(m.Inside) + from)
		}
	}
	return 0
}

func writeMap(pid int, file string, maps []IDMap, outer []forkexec.Join) error {
	if len(maps) == 0 {
		return nil
	}
	var text strings.Builder
	for _, m := range maps {
		fmt.Fprintf(&text, "%d %d %d\n", m.ContainerID, m.HostID, m.Size)
	}
	return writeProc(pid, file, text.String(), outer)
}

func writeProc(pid int, file, text string, outer []forkexec.Join) (err error) {
	if len(outer) == 0 {
		err = sys.WriteFileAt(procns.Proc(), fmt.Sprintf("%d/%s", pid, file), text)
	} else {
		err = forkexec.Write(outer, fmt.Sprintf("/proc/%d/%s", pid, file), text)
	}
	if err != nil {
		first, rest, _ := strings.Cut(text, "\n")
		if rest != "" {
			first += " ..."
		}
		return fmt.Errorf("write %q to %s: %w", first, file, err)
	}
	return nil
}
