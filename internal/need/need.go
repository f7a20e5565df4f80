// SPDX-License-Identifier: Apache-2.0

// Package need is for tests that need what not every machine has, beside the
// namespaces and features that nstest.Require and RequireFeatures are for. Where it is missing
// the test is skipped with the cause and what helps; with NSTEST_STRICT=1, as in
// CI, it fails instead.
package need

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// Tool is for a test that runs a program of a Debian package.
func Tool(tb testing.TB, program, debianPackage string) {
	tb.Helper()
	if _, err := exec.LookPath(program); err != nil {
		Missing(tb, err.Error(), "apt-get install "+debianPackage)
	}
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
