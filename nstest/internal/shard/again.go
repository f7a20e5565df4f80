// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/handshake"
)

// totalAgain has what was in total, in a process that was executed again.
const totalAgain = "NSTEST_TOTAL_SHARDS"

// ExecAgain executes this test binary again in this process, with total under another name, if this is a shard of Bazel's. The main
// function of rules_go's go_test deals test functions out before TestMain, as package testing lists them and not by
// their times, and a Ginkgo suite as one test: without total it leaves all of them to Apply. Bazel alone sets status. That
// the file exists already is no sign of rules_go: before 0.40 it did not make it.
func ExecAgain() error {
	shards := os.Getenv(total)
	if shards == "" || os.Getenv(status) == "" {
		return nil
	}
	if err := errors.Join(os.Unsetenv(total), os.Setenv(totalAgain, shards)); err != nil {
		return err
	}
	return fmt.Errorf("execute the test binary again, for all tests to share and not only those that rules_go has left: %w",
		syscall.Exec(handshake.Program(), os.Args, os.Environ()))
}
