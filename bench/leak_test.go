// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/leak"
)

// BenchmarkLeakCheck is what nstest.Main does when the tests have ended, in a process
// with at least 100 threads and 1,000 descriptors.
func BenchmarkLeakCheck(b *testing.B) {
	var running sync.WaitGroup
	stop := make(chan struct{})
	for range 100 {
		running.Add(1)
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			running.Done()
			<-stop
		}()
	}
	running.Wait()
	b.Cleanup(func() { close(stop) })
	for range 500 {
		r, w, err := os.Pipe()
		check(b, err)
		b.Cleanup(func() { check(b, r.Close()); check(b, w.Close()) })
	}
	before, err := leak.Take()
	check(b, err)
	if len(before.Tasks) < 100 || len(before.Descriptors) < 1000 {
		b.Fatalf("%d threads, %d descriptors", len(before.Tasks), len(before.Descriptors))
	}
	b.Run("who=gonso", func(b *testing.B) {
		for b.Loop() {
			after, err := leak.Take()
			check(b, err)
			if report := leak.Diff(before, after); !report.Empty() {
				b.Fatal(report)
			}
		}
	})
}
