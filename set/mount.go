// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// Mount binds each of the Set's namespaces to a file of dir that is named after its kind as in
// /proc/PID/ns, "net", "mnt" ..., in the caller's mount namespace. The folder must exist, and its
// files must not be symbolic links. From then on the namespaces live until they are unmounted, even
// if the Set is closed: [FromDir], nsenter(1) and, for a net namespace under /run/netns,
// ip-netns(8) enter them.
//
// If one of the mounts fails, those before it are undone.
func (s Set) Mount(dir string) error {
	flags, err := s.pick("mount", 0)
	if err != nil {
		return err
	}
	defer s.release()
	var undo []func() error
	for i := range kind.Table {
		if flags&kind.Table[i].Flag == 0 {
			continue
		}
		back, err := s.bind(i, filepath.Join(dir, kind.Table[i].Name))
		if err != nil {
			errs := []error{err}
			for _, f := range undo {
				errs = append(errs, f())
			}
			return errors.Join(errs...)
		}
		undo = append(undo, back)
	}
	return nil
}

// MountNS binds one of the Set's namespaces to a file. The file is made if it does not
// exist; one that exists is hidden by the mount, but not changed. A symbolic link is
// not followed; it is an error (ELOOP). The flag may be 0 if the Set holds just one.
//
// A mount namespace cannot be bound inside itself or one that was made after it, nor on
// a shared mount: the kernel refuses everything that could make a loop (EINVAL). Linux
// 6.18 compares IDs to see which namespace is older, and each CPU hands out IDs from a
// batch of its own. So if two namespaces were made inside the same one, either may
// count as the older one.
func (s Set) MountNS(flag int, file string) error {
	i, err := s.pickOne("mount", flag)
	if err != nil {
		return err
	}
	defer s.release()
	_, err = s.bind(i, file)
	return err
}

// bind mounts namespace i on target and returns what takes that back.
func (s Set) bind(i int, target string) (undo func() error, err error) {
	failed := func(err error) error {
		return newError("mount", kind.Table[i].Flag, fmt.Errorf("on %s: %w", target, err))
	}
	remove := func() error { return nil }
	on, err := sys.Create(target, 0o444)
	switch {
	case err == nil:
		remove = func() error { return os.Remove(target) }
	case errors.Is(err, fs.ErrExist):
		// What is there now may be something else than a moment ago, so that it is
		// looked at and mounted on by one descriptor.
		on, err = sys.OpenTarget(target)
	}
	if err != nil {
		return nil, failed(err)
	}
	err = sys.BindFD(s.fds[i], on)
	if err = errors.Join(err, on.Close()); err != nil {
		return nil, errors.Join(failed(err), remove())
	}
	return func() error { return errors.Join(sys.Detach(target), remove()) }, nil
}
