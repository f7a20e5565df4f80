// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gons_test

import (
	"fmt"
	"os"
	"testing"

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

// needRoot skips where not even a user namespace can be had.
func needRoot(t *testing.T) {
	t.Helper()
	nstest.Require(t, set.NS_NET|set.NS_USER)
}
