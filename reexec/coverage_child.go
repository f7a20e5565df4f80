// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/handshake"
)

// childCoverage is the child's side. A nil one stands for no coverage.
type childCoverage struct {
	dir  *os.File // the folder
	root *os.File // the root directory that the process started with

	// What a program remembers as its GOCOVERDIR, and from where that leads to the
	// folder. Nil stands for anywhere.
	path string
	exit *os.File
	// The working directory, until which the program waits in the folder.
	work *os.File

	// GOCOVERDIR as the parent set it, for whatever this process starts.
	env    string
	envSet bool
}

func newChildCoverage() (*childCoverage, error) {
	c := &childCoverage{dir: handshake.Inherit(coverageFD, "coverage")}
	c.env, c.envSet = os.LookupEnv(coverEnv)
	var err error
	c.root, err = os.Open("/")
	return c, err
}

// prepare gets ready for the runtime of a program of go build -cover, which is next:
// before package main is initialised. The process is where it is to be.
func (c *childCoverage) prepare() (err error) {
	if c == nil {
		return nil
	}
	path := fmt.Sprintf("proc/self/fd/%d", coverageFD)
	up := strings.Repeat("../", 64) // there is no way up from the root
	switch {
	case leadsTo(up+path, c.dir):
		c.path, c.exit = up+path, c.root
	case leadsTo("/"+path, c.dir):
		// Who may not pass the working directory cannot chroot either.
		c.path = "/" + path
	default:
		if c.work, err = openWorkDir(); err != nil {
			return err
		}
		if err := c.dir.Chdir(); err != nil {
			return err
		}
		c.path, c.exit = ".", c.dir
	}
	return os.Setenv(coverEnv, c.path)
}

func leadsTo(path string, dir *os.File) bool {
	there, err := os.Stat(path)
	if err != nil {
		return false
	}
	want, err := dir.Stat()
	return err == nil && os.SameFile(there, want)
}

// started gives GOCOVERDIR its usual value back, and the working directory.
func (c *childCoverage) started() error {
	if c == nil {
		return nil
	}
	if c.work != nil {
		if err := errors.Join(c.work.Chdir(), c.work.Close()); err != nil {
			return err
		}
	}
	if c.envSet {
		return os.Setenv(coverEnv, c.env)
	}
	return os.Unsetenv(coverEnv)
}

// ofTests has package testing write to the folder when it has run tests.
func (c *childCoverage) ofTests() error {
	if c == nil {
		return nil
	}
	return flag.Set(coverFlag, fmt.Sprintf("/proc/self/fd/%d", coverageFD))
}

// leave gets ready for the os.Exit that comes next.
func (c *childCoverage) leave() error {
	if c == nil {
		return nil
	}
	shareFiles()
	// A thread may have a working directory of its own.
	runtime.LockOSThread()
	switch {
	case flag.Lookup(coverFlag) != nil:
		return errors.Join(c.dir.Chdir(), os.Setenv(coverEnv, "."))
	case c.exit == nil:
		return nil
	}
	if err := c.exit.Chdir(); err != nil || leadsTo(c.path, c.dir) {
		return err
	}
	// Something was mounted on the root directory, where .. leads on to it
	// (path_resolution(7)). The folder is in the mount namespace of the parent.
	return c.dir.Chdir()
}
