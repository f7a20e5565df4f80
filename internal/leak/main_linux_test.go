// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

const insideVar = "LEAK_TEST_INSIDE"

// TestMain runs the tests in a mount namespace of their own, so that those that
// mount something leave the host alone; who is not root becomes it in a user
// namespace.
func TestMain(m *testing.M) {
	if os.Getenv(insideVar) == "" {
		os.Exit(runInside())
	}
	if err := sys.SetPropagation(sys.Private); err != nil {
		fmt.Fprintln(os.Stderr, "mount propagation:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func runInside() int {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), insideVar+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, "a mount namespace for the tests:", err)
		return 1
	}
	return cmd.ProcessState.ExitCode()
}
