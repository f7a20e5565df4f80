// SPDX-License-Identifier: Apache-2.0

package nssetup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// Overlay makes a folder writable as [CopyUp] does, by one mount instead of one for each entry: what is
// changed is copied into a tmpfs then, which lies on top. As root finds it on a host, entries can be renamed and
// removed as well. But nobody is reached by the sockets of the old folder (overlayfs has inodes of its own), so it is
// not for /run.
//
// Where the kernel lets root of a user namespace have no overlay (before 5.11), or one that cannot hide folders (a tmpfs
// without user attributes, before 6.6), it is CopyUp.
func Overlay(dir string) error {
	err := overlay(dir)
	if err == nil {
		return nil
	}
	if e := CopyUp(dir, nil); e != nil {
		return fmt.Errorf("%w; nor is there an overlay: %w", e, err)
	}
	return nil
}

// overlay leaves the folder as it was if it fails.
func overlay(dir string) (err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	below, err := mountsBelow(dir)
	if err != nil {
		return err
	}
	kept, err := detachedCopies(below) // an overlay shows none of them
	defer func() { err = errors.Join(err, kept.close()) }()
	if err != nil {
		return err
	}
	if err := onTmpfs(dir, func(old *sys.FD) error { return overlayOn(dir, old, entries) }); err != nil {
		return err
	}
	if err := kept.putBack(); err != nil {
		return errors.Join(err, sys.Detach(dir), sys.Detach(dir))
	}
	return nil
}

// overlayOn mounts an overlay on a tmpfs, which takes what is new.
func overlayOn(dir string, old *sys.FD, entries []fs.DirEntry) error {
	upper, work := filepath.Join(dir, "upper"), filepath.Join(dir, "work")
	for _, path := range []string{upper, work} {
		if err := makeFolder(path, 0o755); err != nil {
			return err
		}
	}
	if err := sys.SetXattr(upper, opaque, "n"); err != nil {
		return fmt.Errorf("set a user attribute in a tmpfs: %w", err)
	}
	for _, e := range entries {
		if err := hideClosed(e, old, upper); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s,userxattr", old.FDPath(), upper, work)
	if err := sys.Mount("overlay", dir, "overlay", sys.NoSuid|sys.NoDev, options); err != nil {
		return fmt.Errorf("mount an overlay on %s: %w", dir, err)
	}
	return nil
}

// opaque is what a folder has that hides those below (Documentation/filesystems/overlayfs.rst).
const opaque = "user.overlay.opaque"

// hideClosed makes anew what the caller can do nothing with, see [CopyUp].
func hideClosed(e fs.DirEntry, old *sys.FD, upper string) error {
	closed, err := closedTo(e, old)
	if closed == 0 {
		if errors.Is(err, fs.ErrNotExist) { // what is no file or folder, or has gone
			return nil
		}
		return err
	}
	path := filepath.Join(upper, e.Name())
	if err := makeAnew(path, closed); err != nil || !closed.IsDir() {
		return err
	}
	return sys.SetXattr(path, opaque, "y")
}
