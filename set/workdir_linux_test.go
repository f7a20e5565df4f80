// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// joins are the two ways of a goroutine into a Set.
var joins = map[string]func(s set.Set, f func()) error{
	"Do": set.Set.Do,
	"Enter": func(s set.Set, f func()) (err error) {
		var entered sync.WaitGroup
		entered.Go(func() {
			if err = s.Enter(); err == nil {
				f()
			}
		})
		entered.Wait()
		return err
	},
}

// Tests open testdata/... by its relative path.
func TestTheWorkingDirectoryIsKeptInAMountNamespace(t *testing.T) {
	s := unshare(t, set.NS_MNT)
	outside, err := os.Getwd()
	noError(t, err)
	for name, join := range joins {
		noError(t, join(s, func() {
			if inside, err := unix.Getwd(); err != nil || inside != outside {
				t.Errorf("%s ran in %q, %v; want %q", name, inside, err, outside)
			}
			if _, err := os.Stat("workdir_linux_test.go"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}))
	}
}

// It is the folder of that name in there, with what is mounted on it.
func TestTheWorkingDirectoryIsTheOneInside(t *testing.T) {
	s, dir := unshare(t, set.NS_MNT), t.TempDir()
	t.Chdir(dir)
	noError(t, s.Do(func() {
		noError(t, unix.Mount("inside", dir, "tmpfs", 0, ""))
		noError(t, os.WriteFile(filepath.Join(dir, "here"), nil, 0o600))
	}))
	for name, join := range joins {
		noError(t, join(s, func() {
			if _, err := os.Stat("here"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}))
	}
	if _, err := os.Stat("here"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("outside: %v", err)
	}
}

func TestTheWorkingDirectoryIsTheRootWhereItIsMissingInside(t *testing.T) {
	s, dir := unshare(t, set.NS_MNT), t.TempDir()
	gone := filepath.Join(dir, "gone")
	noError(t, os.Mkdir(gone, 0o700))
	t.Chdir(gone)
	noError(t, s.Do(func() { noError(t, unix.Mount("inside", dir, "tmpfs", 0, "")) }))
	for name, join := range joins {
		noError(t, join(s, func() {
			if inside, err := unix.Getwd(); err != nil || inside != "/" {
				t.Errorf("%s ran in %q, %v", name, inside, err)
			}
		}))
	}
}
