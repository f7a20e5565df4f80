// SPDX-License-Identifier: Apache-2.0

//go:build linux

package nstest_test

import (
	"os"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A process of its own can be in namespaces that no goroutine gets into.
func ExampleInProcess() {
	_ = func(t *testing.T) {
		nstest.InProcess(t, "up for a year", set.NS_USER|set.NS_PID|set.NS_TIME, func(t *testing.T) {
			if os.Getuid() != 0 {
				t.Error("not root")
			}
		}, nstest.Unshare(set.WithTimeOffsets(0, 365*24*time.Hour)), nstest.Named("old machine"))
	}
}
