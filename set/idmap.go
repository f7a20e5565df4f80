// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// WithIDMaps sets the ID maps of a new user namespace. Each entry maps Size IDs
// from ContainerID on, inside, to those from HostID on, as the caller sees
// them. A map of anything but one's own ID takes CAP_SETUID and CAP_SETGID
// (user_namespaces(7)). An empty list writes no map, so that every ID shows as
// the overflow ID.
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
		return &idMaps{
			uids:          []IDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
			gids:          []IDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
			denySetgroups: true,
		}, nil
	})
}

// WithSubIDs maps root inside a new user namespace to the caller, and the IDs
// from 1 on to the caller's ranges of /etc/subuid and /etc/subgid, written by
// newuidmap(1) and newgidmap(1), which have the privilege that the caller
// lacks (Debian: package uidmap).
func WithSubIDs() UnshareOpt {
	return withMaps(func() (*idMaps, error) {
		maps := &idMaps{helper: true}
		var err error
		if maps.uids, err = rootAndRanges("/etc/subuid", os.Geteuid()); err != nil {
			return nil, err
		}
		maps.gids, err = rootAndRanges("/etc/subgid", os.Getegid())
		return maps, err
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
	uids, gids    []IDMap
	denySetgroups bool
	helper        bool // newuidmap and newgidmap write them
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

// write maps the IDs of the user namespace that a process has made.
func (m *idMaps) write(pid int) error {
	if m.helper {
		if err := runHelper("newuidmap", pid, m.uids); err != nil {
			return err
		}
		return runHelper("newgidmap", pid, m.gids)
	}
	if m.denySetgroups {
		// Without CAP_SETGID the kernel takes no gid map before this, so that
		// nobody drops a group that takes rights away (CVE-2014-8989).
		if err := writeProc(pid, "setgroups", "deny"); err != nil {
			return err
		}
	}
	for _, one := range []struct {
		file string
		maps []IDMap
	}{{"uid_map", m.uids}, {"gid_map", m.gids}} {
		if len(one.maps) == 0 {
			continue
		}
		var text strings.Builder
		for _, m := range one.maps {
			fmt.Fprintf(&text, "%d %d %d\n", m.ContainerID, m.HostID, m.Size)
		}
		if err := writeProc(pid, one.file, text.String()); err != nil {
			return err
		}
	}
	return nil
}

func writeProc(pid int, file, text string) error {
	if err := sys.WriteFileAt(home.proc, fmt.Sprintf("%d/%s", pid, file), text); err != nil {
		first, rest, _ := strings.Cut(text, "\n")
		if rest != "" {
			first += " ..."
		}
		return fmt.Errorf("write %q to %s: %w", first, file, err)
	}
	return nil
}

// runHelper has newuidmap(1) or newgidmap(1) write a map.
func runHelper(name string, pid int, maps []IDMap) error {
	args := []string{strconv.Itoa(pid)}
	for _, m := range maps {
		args = append(args, strconv.Itoa(m.ContainerID), strconv.Itoa(m.HostID), strconv.Itoa(m.Size))
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w; install it (Debian and Ubuntu: apt-get install uidmap)", err)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
