// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// tryUsernsClone reads Debian's switch for unprivileged user namespaces.
func tryUsernsClone() Result { return setting("kernel.unprivileged_userns_clone", "0", allowUserns) }

// tryAppArmor reads Ubuntu's switch, which leaves unprivileged user namespaces
// without capabilities unless a profile allows them.
func tryAppArmor() Result {
	return setting("kernel.apparmor_restrict_unprivileged_userns", "1", relaxAppArmor)
}

// setting tells whether a sysctl has not the one value that is in the way. Other
// kernels do not have it at all.
func setting(name, bad, remedy string) Result {
	switch value, err := sysctl(name); {
	case errors.Is(err, fs.ErrNotExist), err == nil && value != bad:
		return Result{OK: Yes}
	case err != nil:
		return Result{OK: Inconclusive, Cause: err}
	default:
		return Result{OK: No, Cause: fmt.Errorf("%s is %s: %w", name, value, unix.EPERM), Remedy: remedy}
	}
}
