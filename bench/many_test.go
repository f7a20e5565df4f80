// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"os"
	"runtime"
	"sync"
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

// BenchmarkCrowd has 1,000 goroutines at once that run functions, each in a Set of its own.
func BenchmarkCrowd(b *testing.B) {
	const crowd = 1000
	sets := make([]gonso.Set, crowd)
	there := make([][]place, crowd)
	for i := range sets {
		sets[i] = unshare(b, gonso.NS_NET)
		there[i] = descriptors(b, sets[i])
	}
	back := descriptors(b, current(b, gonso.NS_NET))
	for _, who := range []struct {
		name string
		do   func(i int) error
	}{
		{"gonso", func(i int) error { return sets[i].DoRaw(func() bool { return true }, true) }},
		{"floor", func(i int) error { return thereAndBack(there[i], back) }},
	} {
		b.Run("who="+who.name, func(b *testing.B) {
			var ended sync.WaitGroup
			for i := range crowd {
				ended.Go(func() {
					for range b.N/crowd + 1 {
						if err := who.do(i); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			ended.Wait()
			b.ReportMetric(float64(b.Elapsed())/float64(crowd*(b.N/crowd+1)), "ns/op")
		})
	}
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
