// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
)

// A runner runs tests; *testing.M is one.
type runner interface{ Run() int }

// testsToRun are those of the RunTests that runs the action.
var testsToRun runner

// Tests makes an action of the tests of a test binary. The new process gets as far as
// [RunTests], parses its arguments ([Args]) as flags, calls prepare, which may set flags
// to choose among the tests, and runs them. The result is their exit code.
func Tests[P any](name string, prepare func(param P) error) *Action[P, int] {
	register(name, registration{patient: true, tests: true, run: func(_ context.Context, raw json.RawMessage) (any, error) {
		param, err := parameter[P](raw)
		if err != nil {
			return nil, err
		}
		if !flag.Parsed() {
			flag.Parse()
		}
		if err := self.coverage.ofTests(); err != nil {
			return nil, err
		}
		if err := prepare(param); err != nil {
			return nil, err
		}
		return testsToRun.Run(), nil
	}})
	return &Action[P, int]{name: name}
}

// RunTests runs a test binary's tests, for programs that have a TestMain of
// their own:
//
//	func TestMain(m *testing.M) { os.Exit(reexec.RunTests(m)) }
//
// In a child it runs the action instead, as [CheckAction] does, or the tests, if these
// are the action. It differs from CheckAction followed by m.Run in that it removes the
// folder by which coverage of children gets into the profile of a test binary that was
// not started by go test. nstest.Main calls it.
func RunTests(m interface{ Run() int }) int {
	if code, ran := runAction(m); ran {
		os.Exit(code)
	}
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
