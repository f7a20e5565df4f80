// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gons_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// inside marks, by this name as argument 0, a test binary that runs in a user
// namespace made by TestMain.
const inside = "gons.test inside"

// noRoot is why there is no root to run as, or nil.
var noRoot error

// TestMain runs the tests as root, if need be as root of a user namespace: the
// namespaces that the tests make are then owned by it, and can be entered.
func TestMain(m *testing.M) {
	if os.Geteuid() != 0 && os.Args[0] != inside {
		if code, err := runAsRoot(); err == nil {
			os.Exit(code)
		} else {
			noRoot = err
		}
	}
	code := m.Run()
	if err := removeBuilds(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runAsRoot() (code int, err error) {
	self := exec.Command("/proc/self/exe", os.Args[1:]...)
	self.Args[0] = inside
	self.Stdin, self.Stdout, self.Stderr = os.Stdin, os.Stdout, os.Stderr
	self.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
	}
	err = self.Run()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// skip ends a test that this machine cannot run, and fails it where that is not
// acceptable.
func skip(t *testing.T, cause, remedy string) {
	t.Helper()
	if os.Getenv("NSTEST_STRICT") == "1" {
		t.Fatalf("%s; %s", cause, remedy)
	}
	t.Skipf("%s; %s", cause, remedy)
}

// needRoot skips where not even a user namespace can be had.
func needRoot(t *testing.T) {
	t.Helper()
	if noRoot != nil {
		skip(t, fmt.Sprintf("no user namespace: %v", noRoot), "run as root, or allow unprivileged user namespaces")
	}
}

// needUsers skips where there is no user but root.
func needUsers(t *testing.T) {
	t.Helper()
	needRoot(t)
	if os.Args[0] == inside {
		skip(t, "a user namespace of one user has no other", "run as root")
	}
}
