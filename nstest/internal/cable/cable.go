// SPDX-License-Identifier: Apache-2.0

package cable

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// An End is an interface that the cable is to have in a Set's network namespace.
type End struct {
	Set   set.Set
	Name  string // or a pattern that the kernel completes, such as eth%d
	Index int    // 0 for the next one that is free
	MTU   int    // 0 for the kernel's
	MAC   net.HardwareAddr
	Group uint32 // see ip-link(8), group
}

// A Frame is one that has entered the cable.
type Frame struct {
	Data      []byte // from the Ethernet header on; the hook may keep it, and must not change it
	Direction impair.Direction
	Number    uint64        // in its direction, from 1
	At        time.Duration // since the cable was laid
}

// A Hook says what becomes of a frame, before the rules do. It is called by one goroutine, by one call after the other. It may
// call the methods of the Cable, but not Close.
type Hook func(Frame) Verdict

// NewFilters is set by package nstest/wire, for package nstest/topo: it makes filters as a wire has them, whose types are those
// of package wire. It is a func(tb testing.TB, who, link string, ends [2]*nstest.Fixture) any; the link is as a trace names it.
var NewFilters any

// An Event is a frame that has entered the cable, or has left it.
type Event struct {
	Left      bool
	Direction impair.Direction
	At        time.Time
	Data      []byte
	Verdict   Verdict  // of one that has entered: what the hook has said of it
	Fate      Counters // the same: what was counted of it
}

// A Tap is shown all events, by one goroutine. It must not keep Data, or call the methods of the Cable.
type Tap func(Event)

// A Watcher is asked for each cable that is laid, and returns a Tap for it, or nil. The ends are as they were made. The
// Tap is shown the same as that of SetTap.
type Watcher func(ends [2]End) Tap

// watcher is there if a run keeps what becomes of frames.
var watcher atomic.Pointer[Watcher]

// Watch has a Watcher asked for each cable from now on.
func Watch(w Watcher) { watcher.Store(&w) }

// A Cable joins two interfaces. Its methods may be called by any goroutine.
type Cable struct {
	own    set.Set // the namespace in the middle
	ends   [2]*sys.PacketSocket
	poller *sys.Poller
	names  [2]string // of the outer interfaces
	watch  Tap       // of the Watcher, or nil
	began  time.Time
	done   chan struct{}

	out [][]byte // of the goroutine that runs

	coupled  sync.Mutex
	coupling coupling

	mu     sync.Mutex
	lines  [2]line // by impair.Direction; frames of line i come from end i
	hook   Hook
	tap    Tap
	closed bool
	broken error
}

// A coupling has each end lose its carrier while the other one is switched off.
type coupling struct {
	events *os.File // of the interfaces in the middle, nil before it begins
	off    int      // the end that is switched off, or none
	ended  chan struct{}
}

var _ impair.Impairer = (*Cable)(nil)

// Lay makes the interfaces, which are down, and has the cable carry frames. Both are deleted by Close.
func Lay(ends [2]End) (*Cable, error) {
	c := &Cable{began: time.Now(), done: make(chan struct{})}
	for i := range c.lines {
		c.lines[i].set(impair.Direction(i), impair.Rules{}, 0)
	}
	if err := c.lay(ends); err != nil {
		return nil, errors.Join(fmt.Errorf("cable: %w", err), c.free())
	}
	if w := watcher.Load(); w != nil {
		for i := range ends {
			ends[i].Name = c.names[i]
		}
		c.watch = (*w)(ends)
	}
	go c.run()
	return c, nil
}

// Names returns what the interfaces were called when they were made.
func (c *Cable) Names() (a, b string) { return c.names[0], c.names[1] }

// Set implements impair.Impairer. Frames that were sent before and are still to be taken in, by a process
// that is slower than its sockets, are treated by the rules of before.
func (c *Cable) Set(d impair.Direction, rules impair.Rules, seed uint64) error {
	if err := rules.Check(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// The kernel's clock for frames is this one.
	c.lines[d].changes = append(c.lines[d].changes, change{time.Now().Round(0), rules, seed})
	return nil
}

// SetHook sets the hook, or takes it away if h is nil.
func (c *Cable) SetHook(h Hook) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hook = h
}

// SetTap sets the tap, or takes it away if t is nil.
func (c *Cable) SetTap(t Tap) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tap = t
}

// Counters returns what was counted in one direction.
func (c *Cable) Counters(d impair.Direction) Counters {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed { // or else it is as it was then
		c.missed(d)
	}
	return c.lines[d].count
}

// missed asks the socket how many frames it had no room for. It is called with the lock held.
func (c *Cable) missed(d impair.Direction) {
	n, err := c.ends[d].Dropped()
	c.lines[d].count.Missed += n
	c.broken = errors.Join(c.broken, err)
}

// Close ends the cable. The interfaces are gone, and with them what has not left the cable. It returns what has kept the cable
// from carrying frames, if anything has.
func (c *Cable) Close() error {
	c.mu.Lock()
	before := c.closed
	if !before {
		c.missed(impair.AToB)
		c.missed(impair.BToA)
	}
	c.closed = true
	c.mu.Unlock()
	if before {
		return nil
	}
	if err := c.poller.Wake(); err != nil {
		return err // and it runs on, since nobody can tell it
	}
	<-c.done
	err := c.endCoupling()
	return errors.Join(c.broken, err, c.free())
}
