// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/refusal"
)

// tryUsernsClone reads Debian's switch for unprivileged user namespaces.
func tryUsernsClone() Result { return setting(refusal.UsernsClone, "0", refusal.AllowUserns) }

// tryAppArmor reads Ubuntu's switch, which leaves unprivileged user namespaces
// without capabilities unless a profile allows them.
func tryAppArmor() Result {
	return setting(refusal.RestrictUserns, "1", refusal.RelaxUserns)
}

// setting tells whether a sysctl has not the one value that is in the way. Other
// kernels do not have it at all.
func setting(name, bad, remedy string) Result {
	switch value, err := procfs.Sysctl(procfs.Root, name); {
	case errors.Is(err, fs.ErrNotExist), err == nil && value != bad:
		return Result{OK: Yes}
	case err != nil:
		return Result{OK: Inconclusive, Cause: err}
	default:
		return Result{OK: No, Cause: fmt.Errorf("%s is %s: %w", name, value, unix.EPERM), Remedy: remedy}
	}
}
