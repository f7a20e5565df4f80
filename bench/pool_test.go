// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso"
)

// BenchmarkPool takes Sets that are ready, with nobody else there and with 1,000
// goroutines at once.
func BenchmarkPool(b *testing.B) {
	for _, bm := range []struct{ ready, takers int }{{64, 1}, {1000, 1000}} {
		b.Run(fmt.Sprintf("takers=%d", bm.takers), func(b *testing.B) {
			p := gonso.NewPool(gonso.NS_UTS, nil)
			ended, stop := p.Run(context.Background(), 2*bm.ready)
			b.Cleanup(stop)
			b.Run("who=gonso", func(b *testing.B) {
				var took []time.Duration
				for b.Loop() {
					await(b, p, ended, bm.ready)
					sets := make([]gonso.Set, bm.ready)
					took = append(took, getAll(b, p, sets, bm.takers))
					for _, s := range sets {
						check(b, s.Close())
					}
				}
				reportMedian(b, took, bm.ready)
			})
		})
	}
}

// await waits until n Sets are ready.
func await(b *testing.B, p *gonso.Pool, ended context.Context, n int) {
	for p.Len() < n {
		if ended.Err() != nil {
			b.Fatal(context.Cause(ended))
		}
		runtime.Gosched()
	}
}

// getAll fills sets from the pool and returns for how long it was at it.
func getAll(b *testing.B, p *gonso.Pool, sets []gonso.Set, takers int) time.Duration {
	get := func(into []gonso.Set) {
		for i := range into {
			var err error
			if into[i], err = p.Get(); err != nil {
				b.Error(err)
			}
		}
	}
	if takers == 1 {
		start := time.Now()
		get(sets)
		return time.Since(start)
	}
	var ready, ended sync.WaitGroup
	ready.Add(takers)
	now := make(chan struct{})
	each := len(sets) / takers
	for i := range takers {
		ended.Go(func() {
			ready.Done()
			<-now
			get(sets[i*each:][:each])
		})
	}
	ready.Wait()
	start := time.Now()
	close(now)
	ended.Wait()
	return time.Since(start)
}

// BenchmarkPoolCalls counts what Get has its thread ask of the kernel, when as many are
// taken in a row as in [BenchmarkPool].
func BenchmarkPoolCalls(b *testing.B) {
	const ready = 64
	p := gonso.NewPool(gonso.NS_UTS, nil)
	ended, stop := p.Run(context.Background(), 2*ready)
	b.Cleanup(stop)
	b.Run("who=gonso", func(b *testing.B) {
		calls, n := 0, 0
		for sets := make([]gonso.Set, ready); b.Loop(); n += ready {
			await(b, p, ended, ready)
			calls += countCalls(b, func() { getAll(b, p, sets, 1) })
			for _, s := range sets {
				check(b, s.Close())
			}
		}
		b.ReportMetric(float64(calls)/float64(n), "calls/op")
	})
}
