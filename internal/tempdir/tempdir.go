// SPDX-License-Identifier: Apache-2.0

// Package tempdir is for the TestMain of a package whose tests start processes that end badly: the tests have a folder for
// temporary files of their own, and a run that leaves something in it fails. A process that is killed, or calls os.Exit, removes
// no t.TempDir: give it a TMPDIR below one of the test that starts it.
package tempdir

import (
	"fmt"
	"os"
	"path/filepath"
)

const variable = "TMPDIR"

var shared string

// Shared returns a folder for what several tests need, such as a program that is built once. It goes after the tests that [Run] runs.
func Shared() string { return shared }

// Run runs the tests, and returns their exit code, or 1 if they have passed and left something.
func Run(tests func() int) (code int) {
	before, was := os.LookupEnv(variable)
	dir, err := os.MkdirTemp("", "gonso-")
	if err == nil {
		err = os.Setenv(variable, dir)
	}
	if err == nil {
		shared, err = os.MkdirTemp(dir, "shared-")
	}
	if err != nil {
		return failed(err)
	}
	code = tests()
	if err := os.RemoveAll(shared); err != nil {
		code = failed(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err == nil && len(left) > 0 && code == 0 {
		err = fmt.Errorf("the tests have left %q: start what ends badly with a %s below a t.TempDir", left, variable)
	}
	if err != nil {
		code = failed(err)
	}
	if was {
		err = os.Setenv(variable, before)
	} else {
		err = os.Unsetenv(variable)
	}
	if err != nil {
		code = failed(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		code = failed(err)
	}
	return code
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}
