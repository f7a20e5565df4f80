// SPDX-License-Identifier: Apache-2.0

// Package subid reads which subordinate IDs a user has, in /etc/subuid and
// /etc/subgid (subuid(5), subgid(5)):
//
//	names := subid.Names(os.Geteuid())
//	ranges, err := subid.Ranges(subid.UserFile, names)
//	if errors.Is(err, os.ErrNotExist) {
//		fmt.Println("try:", subid.Grant(names, subid.UserFile, subid.GroupFile))
//	}
//
// Both files name users: the group IDs, too, are granted to a user and not to the
// groups that the user is in.
package subid

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
)

// The files that newuidmap(1) and newgidmap(1) obey.
const (
	UserFile  = "/etc/subuid"
	GroupFile = "/etc/subgid"
)

// A Range is Count IDs, from First on.
type Range struct{ First, Count int }

// Names returns how these files may name a user: by number and, last, by login
// name. Who has no entry in passwd has only the number or, without cgo, for which the
// user directories are closed, the name in $USER (package os/user).
func Names(uid int) []string {
	names := []string{strconv.Itoa(uid)}
	if u, err := user.LookupId(names[0]); err == nil {
		names = append(names, u.Username)
	}
	return names
}

// Ranges returns what a file grants to a user who goes by these names, in its
// order. If that is nothing, the error satisfies [os.ErrNotExist]. Lines that are
// not in order are passed over, as newuidmap does, unless the user has no others.
func Ranges(file string, names []string) ([]Range, error) {
	text, err := read(file)
	if err != nil {
		return nil, err
	}
	var ranges []Range
	var broken string
	for line := range strings.Lines(text) {
		owner, _, _ := strings.Cut(line, ":")
		if !slices.Contains(names, strings.TrimSpace(owner)) {
			continue
		}
		if r, ok := parse(line); ok {
			ranges = append(ranges, r)
		} else {
			broken = strings.TrimSpace(line)
		}
	}
	switch name := names[len(names)-1]; {
	case ranges != nil:
		return ranges, nil
	case broken != "":
		return nil, fmt.Errorf("%s grants no range to %s: %q is not of the form %s:100000:65536: %w", file, name, broken, name, os.ErrNotExist)
	default:
		return nil, fmt.Errorf("%s grants no range to %s: %w", file, name, os.ErrNotExist)
	}
}

// Maps maps 0 to the user's own ID, and those from 1 on to what [Ranges] returns.
func Maps(file string, names []string, own int) ([]Map, error) {
	ranges, err := Ranges(file, names)
	if err != nil {
		return nil, err
	}
	maps := []Map{{ContainerID: 0, HostID: own, Size: 1}}
	next := 1
	for _, r := range ranges {
		maps = append(maps, Map{ContainerID: next, HostID: r.First, Size: r.Count})
		next += r.Count
	}
	return maps, nil
}

// Own returns the maps of a user namespace in which root is the caller, and the IDs from 1 on are the caller's
// ranges. If there are none, the error says what grants some.
func Own() (uids, gids []Map, err error) {
	if uids, err = own(UserFile, os.Geteuid()); err != nil {
		return nil, nil, err
	}
	if gids, err = own(GroupFile, os.Getegid()); err != nil {
		return nil, nil, err
	}
	return uids, gids, nil
}

func own(file string, id int) ([]Map, error) {
	names := Names(os.Geteuid())
	maps, err := Maps(file, names, id)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w; try: %s", err, Grant(names, UserFile, GroupFile))
	}
	return maps, err
}

// Args are the arguments of newuidmap(1) or newgidmap(1) that write these maps for the user
// namespace that a process has made.
func Args(pid int, maps []Map) []string {
	args := []string{strconv.Itoa(pid)}
	for _, m := range maps {
		args = append(args, strconv.Itoa(m.ContainerID), strconv.Itoa(m.HostID), strconv.Itoa(m.Size))
	}
	return args
}

// Grant returns the command line that grants IDs, which nobody else has, to a
// user who goes by these names, in each of the files that grants nothing yet. It
// is empty if all do.
func Grant(names []string, files ...string) string {
	free := 100000 // where useradd(8) begins
	var poor []string
	for _, file := range files {
		if _, err := Ranges(file, names); err != nil {
			poor = append(poor, file)
		}
		text, err := read(file)
		if err != nil {
			continue // nobody can read what is granted there, newuidmap aside
		}
		for line := range strings.Lines(text) {
			if r, ok := parse(line); ok {
				free = max(free, r.First+r.Count)
			}
		}
	}
	if poor == nil {
		return ""
	}
	return fmt.Sprintf("echo %s:%d:65536 | sudo tee -a %s", names[len(names)-1], free, strings.Join(poor, " "))
}

// parse reads a line such as "name:100000:65536".
func parse(line string) (Range, bool) {
	fields := strings.Split(strings.TrimSpace(line), ":")
	if len(fields) != 3 {
		return Range{}, false
	}
	first, firstErr := strconv.Atoi(fields[1])
	count, countErr := strconv.Atoi(fields[2])
	return Range{first, count}, errors.Join(firstErr, countErr) == nil && first >= 0 && count > 0
}

// read returns the content of a file; one that is missing grants nothing.
func read(file string) (string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}
