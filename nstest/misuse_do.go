// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"os"
	"slices"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/testfield"
)

// A beforeDo is what shows, when a function in Do has returned, that it has called a method of its test that works outside only.
type beforeDo struct {
	subtests bool
	pwd      string
}

// workDirVariable is what t.Chdir sets, and os.Chdir does not.
const workDirVariable = "PWD"

// look is called before the function is. It takes no system call.
func (in *instance) look(tb testing.TB) (b beforeDo) {
	b.subtests = testfield.HasSubtests(tb)
	if in.workDir != "" {
		b.pwd = os.Getenv(workDirVariable)
	}
	return b
}

// noteChdir remembers the Do in which the function has called t.Chdir, which shows only later, by the clean-up.
func (in *instance) noteChdir(b beforeDo) {
	if in.workDir == "" || os.Getenv(workDirVariable) == b.pwd {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.chdir = callsite.Outside(thisPackage)
}

// runners are the functions that call that of a test, on its goroutine.
var runners = []string{"testing.tRunner", "testing.fRunner", "testing.(*B).runN"}

// startedOutside returns an error if the function has started subtests by t.Run. Where the test had some already, package
// testing does not show it. What runs on another goroutine than the test's may go on while
// the test itself starts subtests, for example a server.
func (b beforeDo) startedOutside(tb testing.TB) error {
	if b.subtests || !testfield.HasSubtests(tb) || stays.knows(tb) || !slices.ContainsFunc(runners, callsite.Under) {
		return nil
	}
	return errOutside(tb)
}
