// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/reexec"
)

var double = reexec.Func("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })

// BenchmarkAction has a function of this program run in a new process, with a
// parameter and a result.
func BenchmarkAction(b *testing.B) {
	b.Run("who=gonso", func(b *testing.B) {
		for b.Loop() {
			if four, err := double.Run(b.Context(), 2); err != nil || four != 4 {
				b.Fatal(four, err)
			}
		}
	})
	b.Run("who=floor", benchmarkForkExec)
}

// BenchmarkRootless is what it adds to a run of a test binary that the tests run in
// a user namespace.
func BenchmarkRootless(b *testing.B) {
	b.Run("who=gonso", func(b *testing.B) {
		var added time.Duration
		n := 0
		for ; b.Loop(); n++ {
			start := time.Now()
			runSelf(b, "NSTEST_ROOTLESS=off")
			middle := time.Now()
			runSelf(b, "NSTEST_ROOTLESS=force")
			added += time.Since(middle) - middle.Sub(start)
		}
		reportMean(b, added, n)
	})
	b.Run("who=floor", benchmarkForkExec)
}

// benchmarkForkExec starts this program as a process that exits at once.
func benchmarkForkExec(b *testing.B) {
	for b.Loop() {
		runSelf(b, exitsAtOnce+"=1")
	}
}

// runSelf runs this program, which finds no tests to run.
func runSelf(b *testing.B, env ...string) {
	cmd := exec.Command("/proc/self/exe", "-test.list=^$")
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	check(b, cmd.Run())
}

// reportMean reports durations that were taken by hand: to stop a benchmark's timer
// stops the program, and leaves its caches cold.
func reportMean(b *testing.B, total time.Duration, n int) {
	b.ReportMetric(float64(total)/float64(n), "ns/op")
}
