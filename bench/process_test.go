// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"os"
	"os/exec"
	"slices"
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
		var added []time.Duration
		for b.Loop() {
			start := time.Now()
			runSelf(b, "NSTEST_ROOTLESS=off")
			middle := time.Now()
			runSelf(b, "NSTEST_ROOTLESS=force")
			added = append(added, time.Since(middle)-middle.Sub(start))
		}
		reportMedian(b, added, 1)
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

// reportMedian reports durations that were taken by hand, of n operations each: to stop a
// benchmark's timer stops the program, and leaves its caches cold. A mean would be about the
// few times when somebody else had the CPU.
func reportMedian(b *testing.B, took []time.Duration, n int) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/float64(n), "ns/op")
}
