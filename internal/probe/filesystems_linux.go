// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/denial"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// tryProc mounts a new /proc. Outside of a user namespace that is tried.
//
// In one, it takes a process that lives in a pid namespace of that user
// namespace, and then the kernel's rule decides: there must be a /proc already
// of which no part is covered (mount_namespaces(7), fs/namespace.c
// mnt_already_visible).
func tryProc() Result {
	root, err := inInitialUserNamespace()
	if err != nil {
		return Result{OK: Inconclusive, Cause: err}
	}
	mnt := Named("mnt")
	if root && mnt.OK == Yes {
		return mountable("proc", inNew(kind.Mnt, func() error {
			return sys.Mount("proc", mountPoint, "proc", sys.NoSuid|sys.NoDev|sys.NoExec, "")
		}))
	}
	covered, err := denial.CoveredProc(procfs.Root)
	if err != nil {
		return Result{OK: Inconclusive, Cause: err}
	}
	if covered != nil {
		return Result{
			OK: No,
			Cause: fmt.Errorf("no new /proc can be mounted in a user namespace while parts of the old one are covered: %s: %w",
				strings.Join(covered, ", "), unix.EPERM),
			Remedy: denial.DropMasks(procfs.Root),
		}
	}
	if user := Named("user"); user.OK != Yes {
		return without(user)
	}
	return Result{OK: Yes}
}

// mountable is the answer for a file system; ENODEV tells that the kernel has
// not got it.
func mountable(fstype string, err error) Result {
	switch {
	case err == nil:
		return Result{OK: Yes}
	case errors.Is(err, unix.ENODEV):
		return Result{OK: No, Cause: fmt.Errorf("mount: %w: the kernel has no %s, and there is no such module to load", err, fstype)}
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES), errors.Is(err, unix.EINVAL):
		return Result{OK: No, Cause: fmt.Errorf("mount a new %s: %w", fstype, err)}
	}
	return Result{OK: Inconclusive, Cause: fmt.Errorf("mount a new %s: %w", fstype, err)}
}

// inInitialUserNamespace goes by the map: only that one maps every ID to itself.
func inInitialUserNamespace() (bool, error) {
	ids, err := procfs.UIDMap(procfs.Root, procfs.Self)
	return slices.Equal(ids, []procfs.IDRange{{Count: 1<<32 - 1}}), err
}

// trySysfs mounts the /sys of a new network namespace.
func trySysfs() Result {
	for _, flag := range []int{kind.Net, kind.Mnt} {
		if r := Kind(flag); r.OK != Yes {
			return without(r)
		}
	}
	r := mountable("sysfs", inNew(kind.Net|kind.Mnt, func() error { return nssetup.MountSysfs(mountPoint) }))
	if r.OK == No {
		reason := denial.Sysfs(procfs.Root)
		r.Remedy = reason.Remedy
		if reason.Why != "" {
			r.Cause = fmt.Errorf("%w: %s", r.Cause, reason.Why)
		}
	}
	return r
}

// tryOverlay mounts an overlay whose layers are in a tmpfs.
func tryOverlay() Result {
	if mnt := Named("mnt"); mnt.OK != Yes {
		return without(mnt)
	}
	return mountable("overlay", inNew(kind.Mnt, func() error {
		if err := mountTmpfs(); err != nil {
			return err
		}
		for _, name := range []string{"/lower", "/upper", "/work", "/merged"} {
			if err := os.Mkdir(mountPoint+name, 0o700); err != nil {
				return err
			}
		}
		layers := fmt.Sprintf("lowerdir=%s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", mountPoint)
		return sys.Mount("overlay", mountPoint+"/merged", "overlay", 0, layers)
	}))
}
