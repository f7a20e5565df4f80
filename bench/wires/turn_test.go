// SPDX-License-Identifier: Apache-2.0

package wires

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// flood sends for some time as fast as one goroutine can, and counts what is received of it, until the last one is there, and what
// all CPUs of the process have spent on that.
func (c *carrier) flood(t *testing.T, span time.Duration) {
	received, spent, start := c.received.Load(), cpuTime(t), time.Now()
	for time.Since(start) < span {
		for range 50 {
			_, err := c.from.Write(c.payload)
			check(t, err)
		}
	}
	took := time.Since(start)
	c.drain()
	if last := c.last.Load(); last != nil {
		took = max(took, last.Sub(start))
	}
	n := c.received.Load() - received
	c.frames.count, c.frames.time = c.frames.count+n, c.frames.time+took
	c.spent.count, c.spent.time = c.spent.count+n, c.spent.time+cpuTime(t)-spent
}

// drain returns when nothing was received for some time, so that nothing of this carrier is left to be done in the turn
// of the next one.
func (c *carrier) drain() {
	const quiet = 2 * time.Millisecond
	for n := int64(-1); n != c.received.Load(); {
		n = c.received.Load()
		<-time.After(quiet)
	}
}

// single sends datagrams one at a time: the receiver waits for each.
func (c *carrier) single(t *testing.T, n int) {
	c.waits.Store(true)
	defer c.waits.Store(false)
	for range n {
		start := time.Now()
		_, err := c.from.Write(c.payload)
		check(t, err)
		select {
		case at := <-c.arrived:
			c.delays = append(c.delays, at.Sub(start))
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: a datagram that was alone has not arrived in 10 s", c.kind)
		}
	}
}

// cpuTime returns what this process has spent.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var usage unix.Rusage
	check(t, unix.Getrusage(unix.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
