// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"cmp"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
)

// How the coverage of children gets where it belongs, without a profile being
// read by anyone but Go's own tools:
//
//  1. The runtime of a program built with -cover writes counters to GOCOVERDIR
//     when it exits. A test binary does so too if it exits before its tests have
//     run, which is what a child does.
//  2. At the end of its tests a test binary adds to its own counters those that
//     it finds in the folder of -test.gocoverdir. Go test passes that flag. If
//     nobody did (go test -c, ginkgo), the parent makes a folder and sets the flag.
//  3. A path means nothing to a child that is in a chroot or in another mount
//     namespace, so it gets a descriptor of the folder. A test binary asks for
//     GOCOVERDIR only when it exits: the child goes to the folder and says ".".
//  4. A program of go build -cover asks for GOCOVERDIR before main starts, and
//     remembers the answer. It is given a path that climbs to the root and comes
//     down by way of /proc, and goes to the root from before any chroot when it exits, or
//     to the folder, which has a root above it too, if something was mounted on that one.
//     Where nothing is seen of /proc, it starts in the folder itself, says ".", and
//     goes to its working directory in CheckAction.
//  5. The runtime complains of a missing GOCOVERDIR on standard error. The
//     parent has complained already, so its children get a folder to throw away.
//  6. A child may be another user, one whom the parent could not give a file to. It, and
//     whatever it starts in turn, writes to a folder of its own, in which every user may
//     write, inside of one that no other user can enter. When it has ended, and not in
//     the middle of its writing, the parent copies its files to where they belong
//     (collect).

const (
	coverEnv  = "GOCOVERDIR"
	coverFlag = "test.gocoverdir"
)

// instrumented reports whether this program was built with -cover.
var instrumented = sync.OnceValue(builtWithCover)

func builtWithCover() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, setting := range info.Settings {
		if setting.Key == "-cover" {
			return setting.Value == "true"
		}
	}
	return false
}

// A coverageFolder is where a child will write.
type coverageFolder struct {
	dir *os.File // what the child gets
	env []string

	into   *os.Root // where its files belong
	counts bool     // or they belong nowhere
	around *os.Root // the folder in into that dir is in, or nil if dir is somebody else's
	name   string   // of around

	others bool // the child is another user and stays it
	owner  int  // this one
}

const childDir = "child"

// openCoverage makes the folder that a child is to write to, and returns nil if
// there is no coverage to be written.
func openCoverage() (*coverageFolder, error) {
	if !instrumented() {
		return nil, nil
	}
	if self != nil && self.coverage != nil {
		return &coverageFolder{dir: self.coverage.dir}, nil
	}
	path, err := coveragePath()
	if err != nil {
		return nil, fmt.Errorf("coverage folder: %w", err)
	}
	f := &coverageFolder{counts: path != "", name: "gonso-cover-" + rand.Text()}
	if f.counts {
		// For an action that calls os.Exit, and for programs that the action runs.
		f.env = []string{coverEnv + "=" + path}
	}
	if err := f.open(cmp.Or(path, os.TempDir())); err != nil {
		return nil, errors.Join(fmt.Errorf("coverage folder: %w", err), f.Close())
	}
	return f, nil
}

// open makes the folder inside of one that no other user can enter.
func (f *coverageFolder) open(path string) (err error) {
	if f.into, err = os.OpenRoot(path); err != nil {
		return err
	}
	if err := f.into.Mkdir(f.name, 0o700); err != nil {
		return err
	}
	if f.around, err = f.into.OpenRoot(f.name); err != nil {
		return err
	}
	if err := f.around.Mkdir(childDir, 0o700); err != nil {
		return err
	}
	if f.dir, err = f.around.Open(childDir); err != nil {
		return err
	}
	return f.dir.Chmod(0o777) // whatever the umask
}

// Close removes the folder.
func (f *coverageFolder) Close() error {
	if f == nil || f.into == nil {
		return nil
	}
	var errs []error
	if f.dir != nil {
		errs = append(errs, f.dir.Close())
	}
	if f.around != nil {
		errs = append(errs, f.around.Close())
	}
	return errors.Join(append(errs, f.into.RemoveAll(f.name), f.into.Close())...)
}

// environment returns what the child's environment gets.
func (f *coverageFolder) environment() []string {
	if f == nil {
		return nil
	}
	return f.env
}

// coveragePath returns the folder that counts, or "" if there is none.
func coveragePath() (string, error) {
	if flag.Lookup(coverFlag) != nil {
		return testCoverageDir()
	}
	if path := os.Getenv(coverEnv); path != "" {
		return absolute(path), nil
	}
	return "", nil
}

// madeDir is the folder that [RunTests] removes.
var madeDir struct {
	sync.Mutex
	path string
}

// testCoverageDir returns what a test binary will merge at its end.
func testCoverageDir() (string, error) {
	madeDir.Lock()
	defer madeDir.Unlock()
	if dir := coverFlagValue(); dir != "" {
		return absolute(dir), nil
	}
	dir, err := os.MkdirTemp("", "gonso-cover-")
	if err != nil {
		return "", err
	}
	if err := flag.Set(coverFlag, dir); err != nil {
		return "", err
	}
	madeDir.path = dir
	return dir, nil
}

// coverFlagValue is the value of -test.gocoverdir, even before flag.Parse.
func coverFlagValue() string {
	if dir := flag.Lookup(coverFlag).Value.String(); dir != "" || flag.Parsed() {
		return dir
	}
	for i, arg := range os.Args {
		name, dir, found := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if name != "-"+coverFlag && name != coverFlag {
			continue
		}
		if !found && i+1 < len(os.Args) {
			dir = os.Args[i+1]
		}
		return dir
	}
	return ""
}

// startDir is the working directory at the start, to which a relative folder is
// relative whatever the tests do.
var startDir, startDirErr = os.Getwd()

func absolute(path string) string {
	if filepath.IsAbs(path) || startDirErr != nil {
		return path
	}
	return filepath.Join(startDir, path)
}
