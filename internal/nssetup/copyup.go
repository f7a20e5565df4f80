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

// CopyUp makes a folder writable without touching what is in it: a tmpfs on top,
// with each old entry bound back in its place. [Overlay] takes fewer calls, where the
// kernel has it.
//
// Files and folders of others that the caller may not open would only hinder programs that
// open them by name, as iptables(8) opens the /run/xtables.lock of the host's root. In
// their place are new and empty ones of the caller's, with the same mode.
//
// Folders that are named in fresh, with their permissions, are new and empty
// instead. With an error the folder is what it was before.
func CopyUp(dir string, fresh map[string]fs.FileMode) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	return onTmpfs(dir, func(old *sys.FD) error { return fill(dir, old, entries, fresh) })
}

// onTmpfs mounts a tmpfs on a folder, and calls fillUp for the rest, with the folder that is below. With an error the
// folder is what it was before.
func onTmpfs(dir string, fillUp func(old *sys.FD) error) (err error) {
	// It leads below what is mounted from here on.
	old, err := sys.OpenDir(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, old.Close()) }()
	// What the folder's mode denied, such as /root to others, stays denied by the
	// entries' own modes.
	if err := sys.Mount("tmpfs", dir, "tmpfs", sys.NoSuid|sys.NoDev, "mode=755"); err != nil {
		return fmt.Errorf("mount a tmpfs on %s: %w", dir, err)
	}
	if err := fillUp(old); err != nil {
		return errors.Join(err, sys.Detach(dir))
	}
	return nil
}

func fill(dir string, old *sys.FD, entries []fs.DirEntry, fresh map[string]fs.FileMode) error {
	for _, e := range entries {
		if _, isFresh := fresh[e.Name()]; isFresh {
			continue
		}
		to := filepath.Join(dir, e.Name())
		if err := putBack(e, old, to); err != nil {
			return fmt.Errorf("put %s back: %w", to, err)
		}
	}
	return makeFolders(dir, fresh)
}

// putBack makes a symbolic link at to as the entry of the old folder is one, or a mount point of
// the right type for what else it is. What has gone since is left out.
//
// One entry at a time is open: the kernel grows the table of descriptors of a
// process with threads at the speed of RCU, in many milliseconds.
func putBack(e fs.DirEntry, old *sys.FD, to string) (err error) {
	if e.Type()&fs.ModeSymlink != 0 {
		text, err := old.Readlink(e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return os.Symlink(text, to)
	}
	closed, err := closedTo(e, old)
	if closed != 0 {
		return makeAnew(to, closed)
	}
	var tree *sys.FD
	if err == nil {
		tree, err = sys.OpenTreeAt(old, e.Name())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()
	if e.IsDir() {
		err = os.Mkdir(to, 0o755)
	} else {
		err = touch(to)
	}
	if err != nil {
		return err
	}
	return sys.MoveMount(tree, to)
}

// closedTo returns the mode of an entry that the caller can do nothing with: neither
// read nor write the file, find nothing in the folder. It is zero for all else.
//
// It makes no sense to make other files anew, such as a socket: no program would
// listen.
func closedTo(e fs.DirEntry, old *sys.FD) (mode fs.FileMode, err error) {
	switch {
	case e.IsDir():
		err = sys.AccessAt(old, e.Name(), sys.MaySearch)
	case e.Type().IsRegular():
		if err = sys.AccessAt(old, e.Name(), sys.MayRead); err != nil && sys.AccessAt(old, e.Name(), sys.MayWrite) == nil {
			err = nil
		}
	}
	if !errors.Is(err, fs.ErrPermission) {
		return 0, err
	}
	info, err := os.Lstat(old.FDPath() + "/" + e.Name())
	if err != nil {
		return 0, err
	}
	return info.Mode(), nil
}

// makeAnew makes an empty file or folder with that mode, which its owner may use in any case.
func makeAnew(path string, mode fs.FileMode) error {
	if mode.IsDir() {
		return makeFolder(path, mode|0o700)
	}
	if err := touch(path); err != nil {
		return err
	}
	return os.Chmod(path, mode|0o600)
}

func touch(path string) error {
	file, err := sys.Create(path, 0o644)
	if err != nil {
		return err
	}
	return file.Close()
}

func makeFolders(dir string, fresh map[string]fs.FileMode) error {
	for name, mode := range fresh {
		if err := makeFolder(filepath.Join(dir, name), mode); err != nil {
			return err
		}
	}
	return nil
}

func makeFolder(path string, mode fs.FileMode) error {
	if err := os.Mkdir(path, mode); err != nil {
		return err
	}
	return os.Chmod(path, mode) // whatever the umask is
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
