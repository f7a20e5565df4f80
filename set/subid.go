// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"
	"fmt"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/subid"
)

// rootAndRanges maps 0 to the caller's own ID and those from 1 on to the
// caller's ranges in a file such as /etc/subuid.
func rootAndRanges(file string, id int) ([]IDMap, error) {
	names := subid.Names(os.Geteuid())
	ranges, err := subid.Ranges(file, names)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w; try: %s", err, subid.Grant(names, subid.UserFile, subid.GroupFile))
	}
	if err != nil {
		return nil, err
	}
	maps := []IDMap{{ContainerID: 0, HostID: id, Size: 1}}
	next := 1
	for _, r := range ranges {
		maps = append(maps, IDMap{ContainerID: next, HostID: r.First, Size: r.Count})
		next += r.Count
	}
	return maps, nil
}
