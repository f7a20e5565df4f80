// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/subid"
)

// trySetuid becomes another user, of another group and no more groups, as sudo(8)
// and su(1) do.
func trySetuid() Result {
	err := inChild(syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1, Gid: 1}})
	switch {
	case err == nil:
		return Result{OK: Yes}
	case !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EINVAL):
		return Result{OK: Inconclusive, Cause: err}
	}
	err = fmt.Errorf("become user 1 and group 1: %w", err)
	const both = 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID
	caps, capsErr := procfs.Effective(procfs.Root, procfs.ThreadSelf)
	if capsErr != nil {
		return Result{OK: Inconclusive, Cause: errors.Join(err, capsErr)}
	}
	if caps&both != both {
		return withoutSetuid(fmt.Errorf("%w: the process has no CAP_SETUID and CAP_SETGID", err))
	}
	ids, mapErr := procfs.UIDMap(procfs.Root, procfs.Self)
	text, denyErr := os.ReadFile("/proc/thread-self/setgroups")
	if mapErr = errors.Join(mapErr, denyErr); mapErr != nil {
		return Result{OK: Inconclusive, Cause: errors.Join(err, mapErr)}
	}
	r := Result{OK: No, Cause: fmt.Errorf("%w: they are not mapped into this user namespace", err)}
	if strings.TrimSpace(string(text)) == "deny" {
		r.Cause = fmt.Errorf("%w: setgroups(2) is denied in this user namespace, as in each that has only its maker's own group (user_namespaces(7))", err)
	}
	// Who made it, by the number that is known outside of it.
	if len(ids) == 1 && ids[0].Inside == 0 && ids[0].Outside != 0 {
		r.Remedy = subid.Grant(subid.Names(int(ids[0].Outside)), subid.UserFile, subid.GroupFile)
	}
	return r
}

// withoutSetuid tells what helps a process that lacks the capabilities: a user
// namespace, with the IDs in it.
func withoutSetuid(err error) Result {
	ids := Named("subids")
	if ids.OK == Yes {
		return Result{OK: No, Cause: err, Remedy: GoRootless}
	}
	return Result{
		OK:     ids.OK,
		Cause:  fmt.Errorf("%w, and no user namespace with more IDs to have them in: %w", err, ids.Cause),
		Remedy: ids.Remedy,
	}
}
