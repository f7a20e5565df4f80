// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/leak"
)

// The check at the end of a suite: 100 threads, 1,000 descriptors.
func BenchmarkTakeAndDiff(b *testing.B) {
	stop := make(chan struct{})
	defer close(stop)
	var started sync.WaitGroup
	for range 100 {
		started.Add(1)
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			started.Done()
			<-stop
		}()
	}
	started.Wait()
	for range 500 {
		r, w, err := os.Pipe()
		if err != nil {
			b.Fatal(err)
		}
		defer r.Close()
		defer w.Close()
	}
	before := take(b)
	if len(before.Tasks) < 100 || len(before.Descriptors) < 1000 {
		b.Fatalf("%d threads, %d descriptors", len(before.Tasks), len(before.Descriptors))
	}
	b.ReportAllocs()
	for b.Loop() {
		if report := leak.Diff(before, take(b)); !report.Empty() {
			b.Fatal(report)
		}
	}
}
