// SPDX-License-Identifier: Apache-2.0

package probe

import "github.com/seed-1bc5c4a2/gonso/internal/kind"

// checks has a row for each question, in the order in which a person wants to
// read the answers. It is filled at start-up, since some checks ask others.
var checks []*check

func init() {
	checks = []*check{
		{name: "user", try: tryUser},
		{name: "rootless", try: tryRootless},
		{name: "subids", try: trySubIDs},
		{name: "setuid", try: trySetuid},
		ofKind(kind.Net, bringLoUp),
		ofKind(kind.Mnt, mountTmpfs),
		ofKind(kind.PID, startProcess),
		ofKind(kind.IPC, makeSharedMemory),
		ofKind(kind.UTS, setHostname),
		ofKind(kind.Cgroup, findCgroupRoot),
		ofKind(kind.Time, setClock),
		{name: "userns_clone", try: tryUsernsClone},
		{name: "apparmor", try: tryAppArmor},
		{name: "seccomp", try: trySeccomp},
		{name: "limits", try: tryLimits},
		{name: "proc", try: tryProc},
		{name: "sysfs", try: trySysfs},
		{name: "overlay", try: tryOverlay},
		{name: "settings", try: trySettings},
		{name: "ipv6", try: tryIPv6},
		{name: "tun", try: tryTun},
		{name: "nftables", try: tryNftables},
		{name: "netem", try: tryNetem},
	}
	for _, kind := range linkKinds {
		checks = append(checks, &check{name: kind, try: func() Result { return tryLink(kind) }})
	}
}
