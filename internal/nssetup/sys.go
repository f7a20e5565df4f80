// SPDX-License-Identifier: Apache-2.0

package nssetup

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// FreshSys mounts a new sysfs on /sys, which then shows the network namespace of
// the calling thread (an old one goes on showing where it was mounted), with
// everything that was mounted below the old one, such as cgroup file systems,
// back in its place. With an error /sys is what it was before.
func FreshSys() (err error) {
	below, err := mountsBelow("/sys")
	if err != nil {
		return err
	}
	kept, err := detachedCopies(below)
	defer func() { err = errors.Join(err, kept.close()) }()
	if err != nil {
		return err
	}
	if err := MountSysfs("/sys"); err != nil {
		return fmt.Errorf("mount sysfs on /sys: %w", err)
	}
	if err := kept.putBack(); err != nil {
		return errors.Join(err, sys.Detach("/sys"))
	}
	return nil
}

// MountSysfs mounts a new sysfs. Where the old one is read-only, as in containers, root of
// a user namespace may only have another such (fs/namespace.c, mnt_already_visible).
func MountSysfs(dir string) error {
	const flags = sys.NoSuid | sys.NoDev | sys.NoExec
	err := sys.Mount("sysfs", dir, "sysfs", flags, "")
	if errors.Is(err, fs.ErrPermission) && sys.Mount("sysfs", dir, "sysfs", flags|sys.ReadOnly, "") == nil {
		return nil
	}
	return err
}

// mountsBelow lists the mount points right below a folder: not those that are on
// another one of them, which go along with it, nor any that another hides.
func mountsBelow(dir string) ([]string, error) {
	mounts, err := procfs.Mounts("/proc", "thread-self")
	if err != nil {
		return nil, err
	}
	var points []string
	for _, m := range mounts {
		if !strings.HasPrefix(m.Target, dir+"/") {
			continue
		}
		onIt := func(p string) bool { return m.Target == p || strings.HasPrefix(m.Target, p+"/") }
		hidden := func(p string) bool { return strings.HasPrefix(p, m.Target+"/") } // what was there before
		if points = slices.DeleteFunc(points, hidden); !slices.ContainsFunc(points, onIt) {
			points = append(points, m.Target)
		}
	}
	return points, nil
}

// A copied is a copy of a mount and all below it, which is nowhere yet.
type copied struct {
	path string
	tree *sys.FD
}

type copies []copied

// detachedCopies copies what is at each of the paths. It returns what it has
// also with an error.
func detachedCopies(paths []string) (list copies, err error) {
	for _, path := range paths {
		tree, err := sys.OpenTree(path)
		if err != nil {
			return list, fmt.Errorf("copy the mount %s: %w", path, err)
		}
		list = append(list, copied{path, tree})
	}
	return list, nil
}

// putBack mounts each where it was.
func (c copies) putBack() error {
	for _, old := range c {
		// A new sysfs lacks the mount points of modules that are gone.
		if err := sys.MoveMount(old.tree, old.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("put %s back: %w", old.path, err)
		}
	}
	return nil
}

func (c copies) close() error {
	var errs []error
	for _, one := range c {
		errs = append(errs, one.tree.Close())
	}
	return errors.Join(errs...)
}
