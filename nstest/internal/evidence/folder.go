// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// Variable is the environment variable that says where the folders are to be.
const Variable = tracedata.FolderVariable

// places has the folders that folders were made in.
var places struct {
	sync.Mutex
	own  string   // of this process, below that for temporary files
	tops []string // these are not ours to remove
}

// makeFolder makes a folder for a test.
func makeFolder(tb testing.TB) (string, error) {
	if flagged("test.artifacts") == "true" {
		top, err := filepath.Abs(filepath.Join(flagged("test.outputdir"), "_artifacts"))
		if err != nil {
			return "", err
		}
		if lifecycle.IsGinkgo(tb) {
			return makeBelow(top, tb.Name())
		}
		// Where a folder cannot be made t.ArtifactDir would fail the test.
		probe, err := makeBelow(top, tb.Name())
		if err == nil {
			err = os.Remove(probe)
		}
		if err != nil {
			return "", err
		}
		return tb.ArtifactDir(), nil
	}
	for _, variable := range []string{Variable, "TEST_UNDECLARED_OUTPUTS_DIR"} {
		if top := os.Getenv(variable); top != "" {
			top, err := filepath.Abs(top)
			if err != nil {
				return "", err
			}
			dir, err := makeBelow(top, tb.Name())
			if err != nil {
				return "", fmt.Errorf("in %s of %s: %w", top, variable, err)
			}
			return dir, nil
		}
	}
	places.Lock()
	defer places.Unlock()
	if places.own == "" {
		// Nobody else has a folder of a name that nobody could know.
		own, err := os.MkdirTemp("", tracedata.FolderPrefix+filepath.Base(packagePath())+"-")
		if err != nil {
			return "", err
		}
		places.own = own
		know(filepath.Dir(own))
	}
	return makeNew(places.own, tb.Name())
}

func flagged(name string) string {
	if f := flag.Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}

func know(top string) {
	if !slices.Contains(places.tops, top) {
		places.tops = append(places.tops, top)
	}
}

// makeBelow makes a folder for a test in the one of its package, which is in top.
func makeBelow(top, test string) (string, error) {
	places.Lock()
	defer places.Unlock()
	know(top)
	for {
		if err := os.MkdirAll(top, 0o777); err != nil {
			return "", err
		}
		dir := filepath.Join(top, FileName(packagePath()))
		if err := os.Mkdir(dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		made, err := "", checkOwner(dir)
		if err == nil {
			made, err = makeNew(dir, test)
		}
		if !errors.Is(err, fs.ErrNotExist) { // another run has removed its own, which was empty
			return made, err
		}
	}
}

// checkOwner refuses a folder that another user may have put there: what is in it could be a link to anywhere.
func checkOwner(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return &fs.PathError{Op: "open", Path: dir, Err: syscall.ENOTDIR}
	case ok && int(stat.Uid) != os.Geteuid():
		return fmt.Errorf("%s belongs to user %d, and this process is of user %d: remove it, or set %s to another folder", dir, stat.Uid, os.Geteuid(), Variable)
	}
	return nil
}

// makeNew makes a folder called after a test, which was not there.
func makeNew(in, test string) (string, error) {
	name := FileName(test)
	for n := 2; ; n++ {
		dir := filepath.Join(in, name)
		if err := os.Mkdir(dir, 0o777); err == nil || !errors.Is(err, fs.ErrExist) {
			return dir, err
		}
		name = fmt.Sprintf("%s#%d", FileName(test), n)
	}
}

// mostName is how long a file name is at most, of the 255 bytes that the kernel allows.
const mostName = 100

// FileName makes a file name of any text. Different texts have different ones.
func FileName(text string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("._-+=,@", r):
			return r
		}
		return '_'
	}, text)
	if name == text && len(name) <= mostName && !strings.HasPrefix(name, ".") && name != "" {
		return name
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(text)) // never fails
	return fmt.Sprintf("%s-%016x", strings.TrimLeft(name[:min(len(name), mostName-17)], "."), hash.Sum64())
}

// Package returns the import path of the tests, as far as it is known.
func Package() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		if path, isTest := strings.CutSuffix(info.Path, ".test"); isTest {
			return path
		}
	}
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".test")
}

// packagePath is [Package] without the module.
func packagePath() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Package()
	}
	return strings.TrimPrefix(Package(), info.Main.Path+"/")
}

// Discard removes a test's folder and those around it that this package has made, unless there is something in them. It
// is for who has removed what it had put there. The folders of t.ArtifactDir stay.
func Discard(dir string) error {
	places.Lock()
	defer places.Unlock()
	within := func(top string) bool { return strings.HasPrefix(dir, top+string(filepath.Separator)) }
	if isArtifactDir := flagged("test.artifacts") == "true"; isArtifactDir || !slices.ContainsFunc(places.tops, within) {
		return nil
	}
	for ; !slices.Contains(places.tops, dir); dir = filepath.Dir(dir) {
		switch err := os.Remove(dir); {
		case errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, fs.ErrExist):
			return nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		}
		if dir == places.own {
			places.own = ""
		}
	}
	return nil
}
