// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/handshake"
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
//     down by way of /proc, and goes to the root from before any chroot when it exits.
//  5. The runtime complains of a missing GOCOVERDIR on standard error. The
//     parent has complained already, so its children get a folder to throw away.

const (
	coverEnv  = "GOCOVERDIR"
	coverFlag = "test.gocoverdir"
)

// instrumented tells whether this program was built with -cover.
var instrumented = sync.OnceValue(func() bool {
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
})

// A coverageFolder is where a child will write.
type coverageFolder struct {
	dir     *os.File
	env     []string
	release func() error
}

// openCoverage opens the folder that a child is to write to, and returns nil if
// there is no coverage to be written.
func openCoverage() (*coverageFolder, error) {
	if !instrumented() {
		return nil, nil
	}
	if self != nil && self.coverage != nil {
		keep := func() error { return nil }
		return &coverageFolder{dir: self.coverage.dir, release: keep}, nil
	}
	path, scratch, err := coveragePath()
	if err != nil {
		return nil, fmt.Errorf("coverage folder: %w", err)
	}
	dir, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("coverage folder: %w", err)
	}
	if !scratch {
		// For an action that calls os.Exit, and for programs that the action runs.
		return &coverageFolder{dir: dir, env: []string{coverEnv + "=" + path}, release: dir.Close}, nil
	}
	return &coverageFolder{dir: dir, release: func() error {
		if err := dir.Close(); err != nil {
			return err
		}
		return os.RemoveAll(path)
	}}, nil
}

// environment returns what the child's environment gets.
func (f *coverageFolder) environment() []string {
	if f == nil {
		return nil
	}
	return f.env
}

// coveragePath returns the folder, and whether to throw it away afterwards.
func coveragePath() (path string, scratch bool, err error) {
	if flag.Lookup(coverFlag) != nil {
		path, err = testCoverageDir()
		return path, false, err
	}
	if path := os.Getenv(coverEnv); path != "" {
		return absolute(path), false, nil
	}
	path, err = os.MkdirTemp("", "gonso-cover-")
	return path, true, err
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

// RunTests runs a test binary's tests, for programs that have a TestMain of
// their own:
//
//	func TestMain(m *testing.M) { os.Exit(reexec.RunTests(m)) }
//
// In a child it runs the action instead, as [CheckAction] does. It differs from
// CheckAction followed by m.Run in that it removes the folder by which coverage
// of children gets into the profile of a test binary that was not started by go
// test. nstest.Main calls it.
func RunTests(m interface{ Run() int }) int {
	CheckAction()
	code := m.Run()
	madeDir.Lock()
	defer madeDir.Unlock()
	if madeDir.path == "" {
		return code
	}
	if err := os.RemoveAll(madeDir.path); err != nil {
		fmt.Fprintf(os.Stderr, "gonso: reexec: coverage folder: %v\n", err)
		return max(code, 1)
	}
	madeDir.path = ""
	return code
}

// childCoverage is the child's side. A nil one stands for no coverage.
type childCoverage struct {
	dir  *os.File // the folder
	root *os.File // the root directory that the process started with

	// GOCOVERDIR as the parent set it, for whatever this process starts.
	env    string
	envSet bool
}

// newChildCoverage gets ready before package main does, and with it the runtime
// of a program of go build -cover.
func newChildCoverage() (*childCoverage, error) {
	c := &childCoverage{dir: handshake.Inherit(coverageFD, "coverage")}
	var err error
	if c.root, err = os.Open("/"); err != nil {
		return nil, err
	}
	c.env, c.envSet = os.LookupEnv(coverEnv)
	up := strings.Repeat("../", 64) // there is no way up from the root
	return c, os.Setenv(coverEnv, fmt.Sprintf("%sproc/self/fd/%d", up, coverageFD))
}

// started gives GOCOVERDIR its usual value back.
func (c *childCoverage) started() error {
	switch {
	case c == nil:
		return nil
	case c.envSet:
		return os.Setenv(coverEnv, c.env)
	}
	return os.Unsetenv(coverEnv)
}

// leave gets ready for the os.Exit that comes next.
func (c *childCoverage) leave() error {
	if c == nil {
		return nil
	}
	// A thread may have a working directory of its own.
	runtime.LockOSThread()
	if flag.Lookup(coverFlag) == nil {
		return c.root.Chdir()
	}
	return errors.Join(c.dir.Chdir(), os.Setenv(coverEnv, "."))
}
