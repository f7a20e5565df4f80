// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rootless"
)

// mainRan says that TestMain has called [Main] or [M.Run].
var mainRan atomic.Bool

// unprivileged ends a test that lacks nothing but privileges, which it could have in a user
// namespace on this machine.
//
// Where [Main] was forgotten that is a failure: 'go test ./...' prints nothing of a package that
// passes, so that a package whose tests are all skipped looks like one whose tests pass, for ever.
// The author mends it by one line.
func unprivileged(tb testing.TB, cause, remedy string) {
	tb.Helper()
	switch {
	case os.Getenv(rootless.Variable) == "off":
		missing(tb, fmt.Sprintf("%s; %s=off keeps the tests from running in a user namespace, where they have that privilege; try: unset %[2]s",
			cause, rootless.Variable))
	case !mainRan.Load():
		tb.Fatalf("nstest: %s\n"+
			"this package's TestMain does not call nstest.Main, which runs the tests in a user namespace, where they have that privilege; "+
			"add to a _test.go file (and see nstest.M if there is a TestMain already):\n"+
			"\tfunc TestMain(m *testing.M) { nstest.Main(m) }", cause)
	}
	missing(tb, cause+"; try: "+remedy)
}
