// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/refusal"
)

// tryUser makes a user namespace, maps root to the caller, and then does as root
// what takes capabilities: make a mount namespace and change how it propagates.
func tryUser() Result {
	attr := rootMapped()
	attr.UidMappings, attr.GidMappings = nil, nil
	if err := inChild(attr); err != nil {
		return answer(unix.CLONE_NEWUSER, fmt.Errorf("create a user namespace: %w", err))
	}
	if err := inChild(rootMapped()); err != nil {
		return answer(unix.CLONE_NEWUSER, fmt.Errorf("map root to the caller in a new user namespace: %w", err))
	}
	return capable(unix.CLONE_NEWNS, unix.CLONE_NEWNS)
}

// capable tells whether root in a new user namespace can make further namespaces
// of the kinds in flags, of which a limit is blamed on the given one.
func capable(flags uintptr, blamed int) Result {
	attr := rootMapped()
	attr.Unshareflags = flags
	err := inChild(attr)
	if err != nil {
		err = fmt.Errorf("unshare as root of a new user namespace: %w", err)
	}
	if !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES) {
		return answer(blamed, err)
	}
	if !refusal.SeccompForbids() {
		err = fmt.Errorf("%w: a user namespace can be created, but its root is denied the capabilities", err)
	}
	return because(err, refusal.Confinement(procfs.Root))
}
