// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/denial"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// tryUsernsClone reads Debian's switch for unprivileged user namespaces.
func tryUsernsClone() Result { return setting(denial.UsernsClone, "0", denial.AllowUserns) }

// tryAppArmor reads Ubuntu's switch, which leaves unprivileged user namespaces
// without capabilities unless a profile allows them.
func tryAppArmor() Result {
	return setting(denial.RestrictUserns, "1", denial.RelaxUserns)
}

// setting reports whether a sysctl has not the one value that is in the way. Other
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

// tryLimits reads how many namespaces of each kind may exist in this user
// namespace.
func tryLimits() Result {
	var kinds, settings []string
	for _, limit := range denial.Limits(procfs.Root, kind.All) {
		switch {
		case errors.Is(limit.Err, fs.ErrNotExist): // the kernel lacks the kind
		case limit.Err != nil:
			return Result{OK: Inconclusive, Cause: limit.Err}
		case limit.Zero():
			kinds = append(kinds, limit.Kind)
			settings = append(settings, limit.Setting)
		}
	}
	if kinds == nil {
		return Result{OK: Yes}
	}
	return Result{
		OK:     No,
		Cause:  fmt.Errorf("no namespace may exist: %s is 0: %w", strings.Join(settings, " and "), unix.ENOSPC),
		Remedy: denial.RaiseLimit(kinds...),
	}
}

// trySeccomp reports whether the process is free of a filter that forbids
// namespaces. Docker's does unless the container has CAP_SYS_ADMIN.
func trySeccomp() Result {
	if denial.SeccompForbids() {
		return Result{OK: No, Cause: fmt.Errorf("a seccomp filter forbids unshare(2): %w", unix.EPERM), Remedy: denial.DropSeccomp(procfs.Root)}
	}
	return Result{OK: Yes}
}
