// SPDX-License-Identifier: Apache-2.0

package kept

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// A Folder of the register. It leads to the same place after the caller has got another /run.
type Folder struct {
	root *os.Root
	path string // for messages
}

// ErrNotOurs reports a file or folder that other users may have written to.
var ErrNotOurs = errors.New("it does not belong to this user alone, so that it is not used")

// Create returns the first folder that can be used, and makes it if it has to.
func Create() (*Folder, error) {
	var errs []error
	for _, path := range places() {
		if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			errs = append(errs, err)
			continue
		}
		f, err := open(path)
		if err == nil {
			return f, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("no folder for the register of kept fixtures: %w", errors.Join(errs...))
}

// All returns the folders that there are. The error is of those that are not used.
func All() (all []*Folder, err error) {
	for _, path := range places() {
		f, e := open(path)
		switch {
		case errors.Is(e, fs.ErrNotExist):
		case e != nil:
			err = errors.Join(err, e)
		default:
			all = append(all, f)
		}
	}
	return all, err
}

// places lists where the folder may be, see the package's documentation.
func places() []string {
	// A rootless run belongs to the user outside.
	user := os.Geteuid()
	if m, err := procfs.UIDMap(procfs.Root, procfs.Self); err == nil {
		for _, r := range m {
			if uint32(user)-r.Inside < r.Count {
				user = int(r.Outside + uint32(user) - r.Inside)
				break
			}
		}
	}
	mine := strconv.Itoa(user)
	session := "/run/user/" + mine
	var all []string
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) && filepath.Clean(dir) != session {
		// sudo(8) may have left that of another user.
		if info, err := os.Stat(dir); err == nil && owned(info) {
			all = append(all, filepath.Join(dir, "gonso"))
		}
	}
	if user == 0 {
		all = append(all, "/run/gonso")
	}
	return append(all, session+"/gonso", "/tmp/gonso-"+mine)
}

// open opens a folder that belongs to the user alone.
func open(path string) (_ *Folder, err error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, root.Close())
		}
	}()
	info, err := root.Stat(".")
	if err != nil {
		return nil, err
	}
	// A symbolic link is followed by OpenRoot.
	if !os.SameFile(before, info) || !info.IsDir() || !ours(info) {
		return nil, fmt.Errorf("%s: %w", path, ErrNotOurs)
	}
	return &Folder{root, path}, nil
}

// ours reports whether a file belongs to the user, and nobody else may use it.
func ours(info fs.FileInfo) bool { return owned(info) && info.Mode().Perm()&0o077 == 0 }

func owned(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// Path returns where the folder is.
func (f *Folder) Path() string { return f.path }

// Close closes the folder.
func (f *Folder) Close() error { return f.root.Close() }
