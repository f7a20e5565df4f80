// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"fmt"
	"os"
)

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
