// SPDX-License-Identifier: Apache-2.0

//go:build linux

package reexec

import (
	"testing"
	"time"
)

// SetReadyWithin changes how long a child may take to get to CheckAction.
func SetReadyWithin(t *testing.T, d time.Duration) {
	old := readyWithin
	readyWithin = d
	t.Cleanup(func() { readyWithin = old })
}
