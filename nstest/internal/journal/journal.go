// SPDX-License-Identifier: Apache-2.0

// Package journal tells those who listen what happens in tests: marks, faults of a network, what daemons print. Where
// nobody listens it costs one atomic load.
package journal

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// An Entry is something that has happened in a test, or that the test's network has from now on.
type Entry struct {
	Time            time.Time
	tracedata.Event // without At, the time since the test began, which the journal does not know

	NewNode *tracedata.Node // if not nil there is no event
	NewLink *tracedata.Link // the same
	Seed    string          // of its random decisions, if not empty; the same
}

// A Listener is told of each entry by the goroutine that makes it, which may hold locks: it must not wait, and must not
// use fixtures. The test may have ended.
type Listener func(tb testing.TB, e Entry)

var listeners struct {
	sync.Mutex // of who changes the list
	list       atomic.Pointer[[]*Listener]
}

// Listen has a listener told, until stop is called.
func Listen(l Listener) (stop func()) {
	change(func(list []*Listener) []*Listener { return append(list, &l) })
	return func() {
		change(func(list []*Listener) []*Listener {
			return slices.DeleteFunc(list, func(other *Listener) bool { return other == &l })
		})
	}
}

func change(changed func(list []*Listener) []*Listener) {
	listeners.Lock()
	defer listeners.Unlock()
	var list []*Listener
	if now := listeners.list.Load(); now != nil {
		list = slices.Clone(*now)
	}
	if list = changed(list); len(list) == 0 {
		listeners.list.Store(nil)
		return
	}
	listeners.list.Store(&list)
}

// Listening reports whether anybody listens. It is for who would have to find out more than it has at hand.
func Listening() bool { return listeners.list.Load() != nil }

// Add tells of an event in a test.
func Add(tb testing.TB, event tracedata.Event) {
	if Listening() {
		tell(tb, Entry{Event: event})
	}
}

// AddAt tells of an event that was at that time.
func AddAt(tb testing.TB, at time.Time, event tracedata.Event) {
	if Listening() {
		tell(tb, Entry{Time: at, Event: event})
	}
}

// AddNode tells of a fixture, or of what is known of it now.
func AddNode(tb testing.TB, node tracedata.Node) {
	if Listening() {
		tell(tb, Entry{NewNode: &node})
	}
}

// AddLink tells of a link.
func AddLink(tb testing.TB, link tracedata.Link) {
	if Listening() {
		tell(tb, Entry{NewLink: &link})
	}
}

// AddSeed tells of the seed of the network's random decisions.
func AddSeed(tb testing.TB, seed string) {
	if Listening() {
		tell(tb, Entry{Seed: seed})
	}
}

func tell(tb testing.TB, e Entry) {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	if list := listeners.list.Load(); list != nil {
		for _, l := range *list {
			(*l)(tb, e)
		}
	}
}
