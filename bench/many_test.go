// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"os"
	"runtime"
	"testing"

	"github.com/seed-1bc5c4a2/gonso"
	"golang.org/x/sys/unix"
)

// BenchmarkManySets holds 10,000 Sets of one kind: what each of them takes, and what
// that means for running a function in one.
func BenchmarkManySets(b *testing.B) {
	const sets = 10_000
	check(b, allowFiles(sets+1000))
	one := unshare(b, gonso.NS_NET)
	do := func(b *testing.B) {
		for b.Loop() {
			check(b, one.DoRaw(func() bool { return true }, true))
		}
	}
	b.Run("who=floor", do) // while one is open

	all := make([]gonso.Set, 0, sets)
	b.Cleanup(func() {
		for _, s := range all {
			check(b, s.Close())
		}
	})
	heap, files := heapBytes(), openFiles(b)
	for range sets {
		s, err := one.Dup(0)
		check(b, err)
		all = append(all, s)
	}
	heapEach := float64(heapBytes()-heap) / sets
	filesEach := float64(openFiles(b)-files) / sets
	b.Run("who=gonso", func(b *testing.B) {
		do(b)
		b.ReportMetric(heapEach, "heap-B/Set")
		b.ReportMetric(filesEach, "files/Set")
	})
}

// allowFiles lets this process have n files open.
func allowFiles(n uint64) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur >= n {
		return err
	}
	limit.Cur, limit.Max = n, max(limit.Max, n)
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
}

func heapBytes() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func openFiles(b *testing.B) int {
	list, err := os.ReadDir("/proc/self/fd")
	check(b, err)
	return len(list)
}
