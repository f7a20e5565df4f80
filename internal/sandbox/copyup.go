// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// CopyUp makes a folder writable without touching what is in it: a tmpfs on top,
// with each old entry bound back in its place. An overlay would be simpler, but
// the kernel refuses it over files of owners who are not mapped.
//
// Folders that are named in fresh, with their permissions, are new and empty
// instead. With an error the folder is what it was before.
func CopyUp(dir string, fresh map[string]fs.FileMode) (err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { _, isFresh := fresh[e.Name()]; return isFresh })
	kept, err := keep(dir, entries)
	defer func() { err = errors.Join(err, kept.close()) }()
	if err != nil {
		return err
	}
	// What the folder's mode denied, such as /root to others, stays denied by the
	// entries' own modes.
	if err := sys.Mount("tmpfs", dir, "tmpfs", sys.NoSuid|sys.NoDev, "mode=755"); err != nil {
		return fmt.Errorf("mount a tmpfs on %s: %w", dir, err)
	}
	if err := errors.Join(kept.putBack(), makeFolders(dir, fresh)); err != nil {
		return errors.Join(err, sys.Detach(dir))
	}
	return nil
}

// keep copies entries of a folder: of a symbolic link its text, of all others what
// is mounted there. It returns what it has also with an error.
func keep(dir string, entries []fs.DirEntry) (kept copies, err error) {
	for _, e := range entries {
		c := copied{path: filepath.Join(dir, e.Name()), isDir: e.IsDir()}
		if e.Type()&fs.ModeSymlink != 0 {
			c.link, err = os.Readlink(c.path)
		} else {
			c.tree, err = sys.OpenTree(c.path)
		}
		if errors.Is(err, fs.ErrNotExist) { // it is gone since
			continue
		}
		if err != nil {
			return kept, fmt.Errorf("copy the mount %s: %w", c.path, err)
		}
		kept = append(kept, c)
	}
	return kept, nil
}

func (c copies) putBack() error {
	for _, one := range c {
		if err := one.putBack(); err != nil {
			return fmt.Errorf("put %s back: %w", one.path, err)
		}
	}
	return nil
}

// putBack makes a mount point of the right type and moves the copy there.
func (c copied) putBack() error {
	if c.tree == nil {
		return os.Symlink(c.link, c.path)
	}
	if c.isDir {
		if err := os.Mkdir(c.path, 0o755); err != nil {
			return err
		}
		return sys.MoveMount(c.tree, c.path)
	}
	point, err := sys.Create(c.path, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(sys.MoveMount(c.tree, c.path), point.Close())
}

func makeFolders(dir string, fresh map[string]fs.FileMode) error {
	for name, mode := range fresh {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, mode); err != nil {
			return err
		}
		if err := os.Chmod(path, mode); err != nil { // whatever the umask is
			return err
		}
	}
	return nil
}

// netnsDir is where ip-netns(8) looks for network namespaces.
const netnsDir = "/run/netns"

// PrivateNetns makes /run/netns an empty folder of one's own, so that named
// network namespaces are seen by nobody else.
func PrivateNetns() error {
	_, err := os.Stat(netnsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return CopyUp(filepath.Dir(netnsDir), map[string]fs.FileMode{filepath.Base(netnsDir): 0o755})
	}
	if err != nil {
		return err
	}
	if err := sys.Mount("tmpfs", netnsDir, "tmpfs", sys.NoSuid|sys.NoDev|sys.NoExec, "mode=755"); err != nil {
		return fmt.Errorf("mount a tmpfs on %s: %w", netnsDir, err)
	}
	return nil
}

// PrivateRun makes /run a folder that root of this user namespace can write to,
// with /run/netns and /run/lock of its own and everything else as it is.
func PrivateRun() error {
	return CopyUp("/run", map[string]fs.FileMode{"netns": 0o755, "lock": fs.ModeSticky | 0o777})
}
