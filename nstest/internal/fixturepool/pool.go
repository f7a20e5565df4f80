// SPDX-License-Identifier: Apache-2.0

// Package fixturepool keeps namespaces ready for fixtures that are all alike.
package fixturepool

import (
	"context"
	"runtime"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/bubble"
	"github.com/seed-1bc5c4a2/gonso/pool"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A Key is what makes two fixtures alike.
type Key struct {
	Flags int
	Raw   bool
}

// A Pool makes Sets that are all alike. Its fillers, which keep some ready, start with the
// second Set, since many a test binary wants only one; there are more of them the more often
// nothing was ready.
type Pool struct {
	pool *pool.Pool

	mu      sync.Mutex
	asked   int
	fillers int
}

// perFiller is how many Sets each filler keeps ready; there are never more
// fillers than CPUs, since making namespaces is work for the kernel.
const perFiller = 4

// pools has those that many tests share, and what ends the fillers of all.
var pools = struct {
	sync.Mutex
	shared map[Key]*Pool
	stops  []func()
}{shared: make(map[Key]*Pool)}

// Shared returns the pool for a key, which create makes if there is none.
func Shared(key Key, create func() *Pool) *Pool {
	pools.Lock()
	defer pools.Unlock()
	if pools.shared[key] == nil {
		pools.shared[key] = create()
	}
	return pools.shared[key]
}

// A Config says what the Sets of a pool are like.
type Config struct {
	Flags   int          // the kinds of their namespaces
	Setup   func() error // runs first in each of them, unless it is nil
	Tidy    bool         // whether Setup leaves its thread as it was, so that the thread can be used again
	Unshare []set.UnshareOpt
}

// New makes a pool.
func New(c Config) *Pool {
	if c.Setup == nil {
		return &Pool{pool: pool.New(c.Flags, nil, c.Unshare...)}
	}
	return &Pool{pool: pool.NewRaw(c.Flags, func() (clean bool, err error) { return c.Tidy, c.Setup() }, c.Unshare...)}
}

// Take returns a Set, which is the caller's.
func (p *Pool) Take() (set.Set, error) {
	p.addFiller()
	return p.pool.Get()
}

// addFiller starts another filler when nothing is ready although it was asked for
// before. In a bubble it leaves that to whoever comes next outside: a filler of a bubble
// makes nothing (pool.Pool.Run).
func (p *Pool) addFiller() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.asked == 1 || p.pool.Len() > 0 || p.fillers == runtime.GOMAXPROCS(0) || bubble.Inside() {
		return
	}
	p.fillers++
	_, stop := p.pool.Run(context.Background(), perFiller)
	pools.Lock()
	defer pools.Unlock()
	pools.stops = append(pools.stops, func() {
		stop()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.fillers--
	})
}

// Close ends all fillers and closes what they have ready. Pools can be used again afterwards.
func Close() {
	pools.Lock()
	stops := pools.stops
	pools.stops = nil
	pools.Unlock()
	for _, stop := range stops {
		stop()
	}
}
