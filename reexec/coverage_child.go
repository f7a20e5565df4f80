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
	shareFiles()
	// A thread may have a working directory of its own.
	runtime.LockOSThread()
	if flag.Lookup(coverFlag) == nil {
		return c.root.Chdir()
	}
	return errors.Join(c.dir.Chdir(), os.Setenv(coverEnv, "."))
}
