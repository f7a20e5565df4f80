// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// userNamespace makes the user namespace that all other namespaces will belong to.
// Without one, the Set is where this process is.
func (p *plan) userNamespace() (set.Set, error) {
	if !p.takes("user") {
		return set.Current(set.NS_UTS)
	}
	if p.takes("subids") {
		owner, err := allIDs()
		if err == nil {
			return owner, nil
		}
		p.refused("subids", err)
	}
	return set.Unshare(set.NS_USER, set.WithRootMapped())
}

// allIDs maps as many IDs as the caller may have: root has all that there are.
func allIDs() (set.Set, error) {
	if os.Geteuid() != 0 {
		return set.Unshare(set.NS_USER, set.WithSubIDs())
	}
	uids, err := procfs.UIDMap(procfs.Root, procfs.Self)
	if err != nil {
		return set.Set{}, err
	}
	gids, err := procfs.GIDMap(procfs.Root, procfs.Self)
	if err != nil {
		return set.Set{}, err
	}
	return set.Unshare(set.NS_USER, set.WithIDMaps(toThemselves(uids), toThemselves(gids)))
}

// toThemselves maps all IDs that exist in a user namespace.
func toThemselves(ranges []procfs.IDRange) (maps []set.IDMap) {
	for _, r := range ranges {
		size := int(min(uint64(r.Count), math.MaxInt))
		maps = append(maps, set.IDMap{ContainerID: int(r.Inside), HostID: int(r.Inside), Size: size})
	}
	return maps
}
