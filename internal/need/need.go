// SPDX-License-Identifier: Apache-2.0

// Package need is for tests that need what not every machine has, beside the
// namespaces and kernel features that nstest.Require is for. Where it is missing
// the test is skipped with the cause and what helps; with NSTEST_STRICT=1, as in
// CI, it fails instead.
package need

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// Tool is for a test that runs a program of a Debian package.
func Tool(tb testing.TB, program, debianPackage string) {
	tb.Helper()
	if _, err := exec.LookPath(program); err != nil {
		Missing(tb, err.Error(), "apt-get install "+debianPackage)
	}
}

// Nobody is the highest user and group ID that tests use (user_namespaces(7),
// overflowuid).
const Nobody = 65534

// Users is for a test that needs others than root, up to [Nobody]. The tests of
// an ordinary user, which run in a user namespace, have them if that user has the
// usual 65536 subordinate IDs.
func Users(tb testing.TB) {
	tb.Helper()
	for _, read := range []func(root, process string) ([]procfs.IDRange, error){procfs.UIDMap, procfs.GIDMap} {
		maps, err := read(procfs.Root, procfs.Self)
		if err != nil {
			tb.Fatal(err)
		}
		if !slices.ContainsFunc(maps, hasNobody) {
			Missing(tb, "this user namespace has no user nobody",
				"run as root, or grant subordinate IDs with usermod --add-subuids and --add-subgids (apt-get install uidmap)")
		}
	}
}

func hasNobody(m procfs.IDRange) bool {
	return m.Inside <= Nobody && Nobody-m.Inside < m.Count
}

// Missing ends a test that this machine cannot run.
func Missing(tb testing.TB, cause, remedy string) {
	tb.Helper()
	text := fmt.Sprintf("%s; try: %s", cause, remedy)
	if os.Getenv("NSTEST_STRICT") == "1" {
		tb.Fatal(text)
	}
	tb.Skip(text)
}
