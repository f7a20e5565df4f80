// SPDX-License-Identifier: Apache-2.0

package set

import (
	"bufio"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
)

// rootAndRanges maps 0 to the caller's own ID and those from 1 on to the
// caller's ranges in a file such as /etc/subuid. Both files name the user, in
// /etc/subgid too (subgid(5)).
func rootAndRanges(file string, id int) ([]IDMap, error) {
	owner := strconv.Itoa(os.Geteuid())
	names := []string{owner}
	if u, err := user.LookupId(owner); err == nil { // a user without an entry in passwd has only a number
		names = append(names, u.Username)
	}
	ranges, err := readRanges(file, names)
	if err != nil {
		return nil, err
	}
	maps := []IDMap{{ContainerID: 0, HostID: id, Size: 1}}
	next := 1
	for _, r := range ranges {
		maps = append(maps, IDMap{ContainerID: next, HostID: r.HostID, Size: r.Size})
		next += r.Size
	}
	return maps, nil
}

// readRanges returns the ranges that lines such as "name:100000:65536" grant to
// a user, who goes by several names (subuid(5)).
func readRanges(file string, names []string) (ranges []IDMap, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		for _, name := range names {
			rest, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), name+":")
			if !ok {
				continue
			}
			var r IDMap
			if _, err := fmt.Sscanf(rest, "%d:%d", &r.HostID, &r.Size); err != nil {
				return nil, fmt.Errorf("%s: %q: %w", file, lines.Text(), err)
			}
			ranges = append(ranges, r)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(ranges) == 0 {
		return nil, fmt.Errorf("%s grants no range to %s; try: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %[2]s: %w",
			file, names[len(names)-1], os.ErrNotExist)
	}
	return ranges, nil
}
