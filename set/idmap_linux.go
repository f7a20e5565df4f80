// SPDX-License-Identifier: Apache-2.0

package set

import (
	"cmp"
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
)

// IDMap maps a range of IDs of a user namespace: the Size IDs from ContainerID on,
// inside, are those from HostID on, outside.
type IDMap = syscall.SysProcIDMap

// mapIDs has the ID maps written that the attributes of a process ask for. They stay as they are
// where no user namespace is made: that is refused with all else that is not to be had.
func mapIDs(ctx context.Context, attr *forkexec.Attr) error {
	if attr.Sys == nil || attr.Sys.Unshareflags&NS_USER == 0 || len(attr.Sys.UidMappings)+len(attr.Sys.GidMappings) == 0 {
		return nil
	}
	sys := *attr.Sys
	maps := &idMaps{uids: sys.UidMappings, gids: sys.GidMappings, noSetgroups: !sys.GidMappingsEnableSetgroups}
	uid, gid := os.Geteuid(), os.Getegid()
	maps.helper = uid != 0 && (!isJust(uid, maps.uids) || !isJust(gid, maps.gids))
	sys.UidMappings, sys.GidMappings, sys.GidMappingsEnableSetgroups = nil, nil, false
	attr.Sys, attr.Configure = &sys, maps.configure(ctx, nil)
	return newError("start", NS_USER, cmp.Or(errors.Join(checkMap("uid", maps.uids), checkMap("gid", maps.gids)), checkProc()))
}

// isJust reports whether maps map no other ID than the caller's, which takes no privilege.
func isJust(own int, maps []IDMap) bool {
	return len(maps) == 0 || len(maps) == 1 && maps[0].HostID == own && maps[0].Size == 1
}
