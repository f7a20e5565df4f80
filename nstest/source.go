// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"context"
	"runtime"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/bubble"
	"github.com/seed-1bc5c4a2/gonso/pool"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A source makes rooms that are all alike. It has a pool that starts with the
// second room, since many a test binary wants only one, and that keeps more ready
// the more often nothing was.
type source struct {
	pool *pool.Pool

	mu      sync.Mutex
	asked   int
	fillers int
}

// perFiller is how many Sets each filler keeps ready; there are never more
// fillers than CPUs, since making namespaces is work for the kernel.
const perFiller = 4

// sources has those that many tests share, and what ends their fillers.
var sources = struct {
	sync.Mutex
	shared map[shape]*source
	stops  []func()
}{shared: make(map[shape]*source)}

// A shape is what makes two fixtures alike.
type shape struct {
	flags int
	raw   bool
}

// source returns where rooms of this configuration come from.
func (c *config) source() *source {
	if !c.pooled() {
		c.once.Do(func() { c.own = newSource(c) })
		return c.own
	}
	sources.Lock()
	defer sources.Unlock()
	key := shape{c.flags, c.raw}
	if sources.shared[key] == nil {
		sources.shared[key] = newSource(c)
	}
	return sources.shared[key]
}

func newSource(c *config) *source {
	furnish := c.furnish()
	if furnish == nil || len(c.setups) > 0 {
		return &source{pool: pool.New(c.flags, furnish, c.unshare...)}
	}
	// Only functions of the test could do something to their thread.
	clean := func() (bool, error) { return true, furnish() }
	return &source{pool: pool.NewRaw(c.flags, clean, c.unshare...)}
}

func (s *source) take() (set.Set, error) {
	s.follow()
	return s.pool.Get()
}

// follow starts another filler when nothing is ready although it was asked for
// before. In a bubble it leaves that to whoever comes next outside: a filler of a bubble
// makes nothing (pool.Pool.Run).
func (s *source) follow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.asked == 1 || s.pool.Len() > 0 || s.fillers == runtime.GOMAXPROCS(0) || bubble.Inside() {
		return
	}
	s.fillers++
	_, stop := s.pool.Run(context.Background(), perFiller)
	sources.Lock()
	defer sources.Unlock()
	sources.stops = append(sources.stops, func() {
		stop()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.fillers--
	})
}

// drain ends all fillers and closes what they have ready.
func drain() {
	sources.Lock()
	stops := sources.stops
	sources.stops = nil
	sources.Unlock()
	for _, stop := range stops {
		stop()
	}
}
