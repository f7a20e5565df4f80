// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

const becauseSeccomp = "a seccomp filter forbids unshare(2), as that of a container does"

// Remedies that several checks have.
const (
	asRoot         = `sudo -E env "PATH=$PATH" go test ./...`
	inNamespaces   = "gonso exec -- go test ./..."
	dropSeccomp    = "docker run --security-opt seccomp=unconfined ..."
	dropMasks      = "docker run --security-opt systempaths=unconfined ..."
	relaxAppArmor  = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
	allowUserns    = "sudo sysctl -w kernel.unprivileged_userns_clone=1"
	manyNamespaces = 100000 // about what the kernel has as limit on a machine with 24 GiB
)

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
		return Result{OK: No, Cause: fmt.Errorf("%w: the kernel was built without %s namespaces", err, procfs.KindOf(flag))}
	case errors.Is(err, unix.ENOSYS):
		return Result{OK: No, Cause: fmt.Errorf("%w: the kernel or a seccomp filter does not know the call", err), Remedy: dropSeccomp}
	}
	return Result{OK: Inconclusive, Cause: err}
}

// kernelHas tells whether the kernel has namespaces of that kind.
func kernelHas(flag int) bool {
	_, err := os.Lstat("/proc/self/ns/" + procfs.KindOf(flag))
	return err == nil
}

// overLimit tells why ENOSPC. The limit that this process sees is the one of its
// own user namespace; those of the outer ones hold too, and so does the depth, 32,
// for user and pid namespaces (user_namespaces(7)).
func overLimit(flag int, err error) Result {
	setting := "user.max_" + procfs.KindOf(flag) + "_namespaces"
	limit, readErr := sysctl(setting)
	r := Result{Remedy: fmt.Sprintf("sudo sysctl -w %s=%d", setting, manyNamespaces)}
	switch {
	case readErr != nil:
		r.Cause = fmt.Errorf("%w: a limit is reached, and %s cannot be read: %w", err, setting, readErr)
	case limit == "0":
		r.OK = No
		r.Cause = fmt.Errorf("%w: %s is 0", err, setting)
	default:
		r.Cause = fmt.Errorf("%w: as many exist as %s allows (%s), or a limit of an outer user namespace, "+
			"or 32 levels; the kernel takes a moment to destroy old ones", err, setting, limit)
	}
	return r
}

// forbidden tells why EPERM, the likeliest cause last: what is more certain is
// looked at first.
func forbidden(flag int, err error) Result {
	because := func(reason, remedy string) Result {
		return Result{OK: No, Cause: fmt.Errorf("%w: %s", err, reason), Remedy: remedy}
	}
	if seccompForbids() {
		return because(becauseSeccomp, dropSeccomp)
	}
	if flag == unix.CLONE_NEWUSER {
		switch value, readErr := sysctl("kernel.unprivileged_userns_clone"); {
		case readErr == nil && value == "0":
			return because("kernel.unprivileged_userns_clone is 0", allowUserns)
		case chrooted():
			return because("the process is in a chroot, where no user namespace can be made (user_namespaces(7))", "")
		}
		return because("a seccomp filter or a security module forbids it ("+confinement()+")", dropSeccomp)
	}
	caps, readErr := effective()
	switch {
	case readErr != nil:
		return Result{Cause: errors.Join(err, readErr)}
	case caps&(1<<unix.CAP_SYS_ADMIN) != 0:
		return because("though the process has CAP_SYS_ADMIN: a seccomp filter or a security module forbids it ("+confinement()+")", "")
	case Rootless().OK == Yes:
		return because("the process has no CAP_SYS_ADMIN", inNamespaces)
	}
	return because("the process has no CAP_SYS_ADMIN", asRoot)
}

// seccompForbids tells whether unshare(2) is forbidden to everybody. Without
// flags it does nothing, and nothing but a filter makes it fail.
func seccompForbids() bool {
	return onThread(func() error { return sys.Unshare(0) }) != nil
}

// chrooted tells whether the root is no mount, which a process that was not
// chrooted always has.
func chrooted() bool {
	mounts, err := procfs.Mounts(procfs.Root, procfs.Self)
	if err != nil {
		return false
	}
	for _, m := range mounts {
		if m.Target == "/" {
			return false
		}
	}
	return true
}

// confinement says what is known to confine this process.
func confinement() string {
	label := "unconfined"
	if text, err := os.ReadFile("/proc/thread-self/attr/current"); err == nil {
		label = strings.TrimRight(string(text), "\n\x00")
	}
	mode, err := status("Seccomp")
	if err != nil {
		mode = "unknown"
	}
	return fmt.Sprintf("security label %q, seccomp mode %s", label, mode)
}

// effective returns the capabilities that the process has in its user namespace.
func effective() (uint64, error) {
	text, err := status("CapEff")
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(text, 16, 64)
}

// status returns a field of proc_pid_status(5).
func status(field string) (string, error) {
	text, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && name == field {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("status has no %s: %w", field, syscall.ENOENT)
}

// sysctl returns a setting by the name that sysctl(8) has for it.
func sysctl(name string) (string, error) {
	text, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
	return strings.TrimSpace(string(text)), err
}
