// SPDX-License-Identifier: Apache-2.0

// Package root has tests that must be root's, with the caller's environment.
package root

import (
	"os"
	"os/exec"
	"testing"
)

func TestIsRoot(t *testing.T) {
	if os.Geteuid() != 0 || os.Getenv("PROBE_TEST_WANTED") != "kept" {
		t.Errorf("user %d, environment %q", os.Geteuid(), os.Environ())
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Error(err)
	}
}
