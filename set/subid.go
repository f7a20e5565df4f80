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
	maps, err := subid.Maps(file, names, id)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w; try: %s", err, subid.Grant(names, subid.UserFile, subid.GroupFile))
	}
	return maps, err
}
