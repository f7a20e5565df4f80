// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/denial"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// asRoot is the remedy for users that can have no user namespace.
const asRoot = `sudo -E env "PATH=$PATH" go test ./...`

// answer turns what came of creating and using a namespace of the kind with that
// flag into a result.
func answer(flag int, err error) Result {
	switch {
	case err == nil:
		return Result{OK: Yes}
	case errors.Is(err, unix.ENOSPC):
		return overLimit(flag, err)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return forbidden(flag, err)
	case errors.Is(err, unix.EINVAL) && !kernelHas(flag):
		return absent(procfs.Root, flag, err)
	case errors.Is(err, unix.EINVAL) && flag == kind.Mnt && denial.Propagation(procfs.Root).Why != "":
		return because(err, denial.Propagation(procfs.Root))
	case errors.Is(err, unix.ENOSYS):
		return Result{OK: No, Cause: fmt.Errorf("%w: the kernel or a seccomp filter does not know the call", err), Remedy: denial.DropSeccomp(procfs.Root)}
	}
	return Result{OK: Inconclusive, Cause: err}
}

// kernelHas reports whether the kernel has namespaces of that kind.
func kernelHas(flag int) bool {
	_, err := os.Lstat("/proc/self/ns/" + kind.Name(flag))
	return err == nil
}

// absent is the result for a kind that the kernel does not have.
func absent(root string, flag int, err error) Result {
	name, since := kind.Name(flag), kind.Table[kind.Index(flag)].Since
	newEnough, readErr := procfs.KernelIs(root, since.Major, since.Minor)
	switch {
	case readErr != nil:
		return Result{Cause: errors.Join(err, readErr)}
	case newEnough:
		return Result{OK: No, Unexpected: true, Cause: fmt.Errorf("%w: the kernel was built without %s namespaces (CONFIG_%s_NS)",
			err, name, strings.ToUpper(name))}
	}
	return Result{OK: No, Cause: fmt.Errorf("%w: %s namespaces came with Linux %d.%d", err, name, since.Major, since.Minor)}
}

// overLimit says why the kernel returned ENOSPC. The limit that this process sees is
// the one of its own user namespace; those of the outer ones hold too, and so does the
// depth, 32, for user and pid namespaces (user_namespaces(7)).
func overLimit(flag int, err error) Result {
	limit := denial.Limits(procfs.Root, flag)[0]
	r := Result{Remedy: denial.RaiseLimit(limit.Kind)}
	switch {
	case limit.Err != nil:
		r.Cause = fmt.Errorf("%w: a limit is reached, and %s cannot be read: %w", err, limit.Setting, limit.Err)
	case limit.Zero():
		r.OK = No
		r.Cause = fmt.Errorf("%w: %s is 0", err, limit.Setting)
	default:
		r.Cause = fmt.Errorf("%w: as many exist as %s allows (%s), or a limit of an outer user namespace, "+
			"or 32 levels; the kernel takes a moment to destroy old ones", err, limit.Setting, limit.Value)
	}
	return r
}

// forbidden says why the kernel returned EPERM.
func forbidden(flag int, err error) Result {
	if flag != kind.User && denial.SeccompForbids() {
		return because(err, denial.Confinement(procfs.Root))
	}
	lacksCapability, reason, readErr := denial.Namespaces(procfs.Root, flag)
	switch {
	case readErr != nil:
		return Result{Cause: errors.Join(err, readErr)}
	case lacksCapability:
		return withoutPrivilege(fmt.Errorf("%w: the process has no CAP_SYS_ADMIN", err))
	case flag == kind.Net:
		if lacks, readErr := denial.LacksNetAdmin(procfs.Root); lacks || readErr != nil {
			return withoutPrivilege(errors.Join(fmt.Errorf("%w: the process has no CAP_NET_ADMIN", err), readErr))
		}
		fallthrough
	case flag != kind.User:
		err = fmt.Errorf("%w: though the process has CAP_SYS_ADMIN", err)
	}
	return because(err, reason)
}

// withoutPrivilege tells what helps a process that lacks a capability: a user
// namespace, in which it has all of them. If that is not to be had, then what
// lets it be had comes first.
func withoutPrivilege(err error) Result {
	rootless := Rootless()
	switch {
	case rootless.OK == Yes:
		return Result{OK: No, Cause: err, Remedy: GoRootless}
	case rootless.Remedy == "":
		rootless.Remedy = asRoot
	}
	return Result{
		OK:     rootless.OK,
		Cause:  fmt.Errorf("%w, and no user namespace to have it in: %w", err, rootless.Cause),
		Remedy: rootless.Remedy,
	}
}

// because adds what is known about the cause of an error.
func because(err error, reason denial.Reason) Result {
	if reason.Why == "" {
		reason.Why = "a seccomp filter or a security module forbids it"
	}
	return Result{OK: No, Cause: fmt.Errorf("%w: %s", err, reason.Why), Remedy: reason.Remedy}
}
