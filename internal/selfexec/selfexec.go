// SPDX-License-Identifier: Apache-2.0

// Package selfexec is for tests that need a process of their own, one to kill for example: the test
// binary runs again, as a helper.
//
//	func init() { selfexec.Register("hold", hold) }
//
//	func TestMain(m *testing.M) {
//		selfexec.Main()
//		nstest.Main(m)
//	}
//
//	cmd := exec.Command("/proc/self/exe")
//	cmd.Env = selfexec.Env("hold")
package selfexec

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// variable names the helper that a process is.
const variable = "GONSO_TEST_HELPER"

var helpers = make(map[string]func() error)

// Register names what a helper does. It is for init functions.
func Register(name string, f func() error) { helpers[name] = f }

// Env is the environment of a helper of that name.
func Env(name string) []string {
	others := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, variable+"=") })
	return append(others, variable+"="+name)
}

// Main does what the helper is to do that this process is, on the main goroutine, and ends the process
// with 1 for an error. In a process that is none it returns.
func Main() {
	name, ok := os.LookupEnv(variable)
	if !ok {
		return
	}
	f, ok := helpers[name]
	if !ok {
		f = func() error { return fmt.Errorf("no helper is called %q: %w", name, os.ErrInvalid) }
	}
	if err := f(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
