// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"os"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/subid"
)

// attributes has the namespaces that the process inside gets, and who is who in its user namespace.
func (p *plan) attributes() (attr *syscall.SysProcAttr, err error) {
	attr = &syscall.SysProcAttr{Unshareflags: uintptr(p.kinds())}
	if !p.takes("user") {
		return attr, nil
	}
	if p.takes("subids") {
		attr.UidMappings, attr.GidMappings, err = allIDs()
		if err == nil {
			attr.GidMappingsEnableSetgroups = true
			return attr, nil
		}
		p.refused("subids", err)
	}
	attr.UidMappings = []subid.Map{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
	attr.GidMappings = []subid.Map{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	return attr, nil
}

// allIDs maps as many IDs as the caller may have: root has all that there are.
func allIDs() (uids, gids []subid.Map, err error) {
	if os.Geteuid() != 0 {
		return subid.Own()
	}
	inside, err := procfs.UIDMap(procfs.Root, procfs.Self)
	if err != nil {
		return nil, nil, err
	}
	groups, err := procfs.GIDMap(procfs.Root, procfs.Self)
	if err != nil {
		return nil, nil, err
	}
	return toThemselves(inside), toThemselves(groups), nil
}

// toThemselves maps all IDs that exist in a user namespace.
func toThemselves(ranges []procfs.IDRange) (maps []subid.Map) {
	for _, r := range ranges {
		size := int(min(uint64(r.Count), math.MaxInt))
		maps = append(maps, subid.Map{ContainerID: int(r.Inside), HostID: int(r.Inside), Size: size})
	}
	return maps
}
