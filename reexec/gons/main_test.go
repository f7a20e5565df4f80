// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gons_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// TestMain runs the tests as root, if need be as root of a user namespace: the
// namespaces that the tests make are then owned by it, and can be entered.
func TestMain(m *testing.M) {
	code := (&nstest.M{M: m}).Run()
	if err := removeBuilds(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
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
	nstest.Require(t, set.NS_NET, set.NS_USER)
}

// needUsers skips where there is no user but root: where an ordinary user who runs
// the tests has no subordinate IDs.
func needUsers(t *testing.T) {
	t.Helper()
	needRoot(t)
	maps, err := procfs.UIDMap(procfs.Root, procfs.Self)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range maps {
		if m.Inside <= nobody && nobody-m.Inside < m.Count {
			return
		}
	}
	skip(t, "this user namespace has no user nobody", "run as root, or grant subordinate IDs with usermod --add-subuids")
}

const nobody = 65534
