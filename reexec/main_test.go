// SPDX-License-Identifier: Apache-2.0

//go:build linux

package reexec_test

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/reexec"
	"go.uber.org/goleak"
)

// misbehave is set in a child that is to play a program which does not call
// CheckAction, or too late.
const misbehave = "REEXEC_TEST_MISBEHAVE"

func TestMain(m *testing.M) {
	switch os.Getenv(misbehave) {
	case "runs its tests":
		os.Exit(m.Run())
	case "runs actions first":
		if _, err := double.Run(context.Background(), 1); err != nil {
			fmt.Fprintln(os.Stderr, "this line is not reached:", err)
		}
		reexec.CheckAction()
	case "never checks":
		_, err := double.Run(context.Background(), 1)
		fmt.Print(err)
		os.Exit(0)
	case "exits at once":
		os.Exit(0)
	case "exits":
		os.Exit(7)
	case "kills itself":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "hangs":
		select {}
	case "is killed":
		reexec.CheckAction()
		_, err := wait.Run(context.Background(), false)
		fmt.Fprintln(os.Stderr, "this line is not reached:", err)
	}
	goleak.VerifyTestMain(tests{m})
}

// tests are run as RunTests does, which returns where no action is run.
type tests struct{ m *testing.M }

func (t tests) Run() int { return reexec.RunTests(t.m) }
