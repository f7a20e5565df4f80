// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Hosts gives the fixture, which has a mount namespace, an /etc/hosts of its own with that text, see hosts(5).
// Programs in the fixture use it, and so do [Fixture.DialContext] and [Fixture.HTTPClient]. A later call
// replaces the text.
func (f *Fixture) Hosts(text string) {
	tb := f.reporter()
	tb.Helper()
	f.replace(tb, "/etc/hosts", text)
}

// Resolver gives the fixture, which has a mount namespace, an /etc/resolv.conf of its own with that
// text, see resolv.conf(5), such as "nameserver 192.0.2.53\n".
func (f *Fixture) Resolver(text string) {
	tb := f.reporter()
	tb.Helper()
	if address := strings.TrimSpace(text); net.ParseIP(address) != nil {
		tb.Fatalf("nstest: %s: Resolver(%q): it takes the lines of a resolv.conf(5): \"nameserver %s\\n\"", f.Name(), text, address)
	}
	f.replace(tb, "/etc/resolv.conf", text)
}

// replace has a file of the machine read differently inside.
func (f *Fixture) replace(tb testing.TB, path, text string) {
	tb.Helper()
	in := f.instance(tb)
	if err := in.replace(path, text); err != nil {
		tb.Fatalf("nstest: %s: replace %s: %v", in.Name, path, err)
	}
}

func (in *instance) replace(path, text string) (err error) {
	if in.Set.Flags()&set.NS_MNT == 0 {
		return fmt.Errorf("the fixture has no mount namespace, only %s, and the file is the machine's", set.KindNames(in.Set.Flags()))
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	file, known := in.files[path]
	if !known {
		file = filepath.Join(in.TB.TempDir(), filepath.Base(path))
	}
	const everybody = 0o644
	if err := os.WriteFile(file, []byte(text), everybody); err != nil || known {
		return err
	}
	// A copy of the mount goes along: a file of this mount namespace cannot be bound in another
	// one (mount_namespaces(7)), and its path may lead elsewhere there.
	tree, err := sys.OpenTree(file)
	if errors.Is(err, fs.ErrPermission) {
		tree, err = in.openInside(file, err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()
	if err := inside.Do(in.Set, func() error { return mountOver(tree, path) }); err != nil {
		return err
	}
	if in.files == nil {
		in.files = make(map[string]string)
	}
	in.files[path] = file
	return nil
}

// openInside copies the mount of a file where the fixture has it, for a process in a user namespace that has no mount namespace of
// its own, as InProcess makes it: that may copy no mount of its own one.
func (in *instance) openInside(file string, refused error) (tree *sys.FD, err error) {
	here, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	err = inside.Do(in.Set, func() error {
		if there, err := os.Stat(file); err != nil || !os.SameFile(here, there) {
			return errors.Join(refused, err)
		}
		tree, err = sys.OpenTree(file)
		return err
	})
	return tree, err
}

// mountOver mounts a file over that at path.
func mountOver(file *sys.FD, path string) error {
	target, err := filepath.EvalSymlinks(path) // as resolv.conf often is one
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no such file to mount over, and an empty one is enough: %w; try: touch %s", err, path)
	}
	if err != nil {
		return err
	}
	return sys.MoveMount(file, target)
}
