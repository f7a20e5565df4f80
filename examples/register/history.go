// SPDX-License-Identifier: Apache-2.0

package register

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// An Operation is what a client saw of a read or a write.
type Operation struct {
	Client, Value string
	Write         bool
	Began, Ended  time.Duration // since the history began
	Failed        bool          // a write, then, of which nobody knows whether it was stored
}

func (o Operation) String() string {
	what := "reads"
	switch {
	case o.Write && o.Failed:
		what = "fails to write"
	case o.Write:
		what = "writes"
	}
	return fmt.Sprintf("%8.3f to %8.3f s: %s %s %q", o.Began.Seconds(), o.Ended.Seconds(), o.Client, what, o.Value)
}

// A History has the operations of all clients. Any goroutine may add to it.
type History struct {
	mu         sync.Mutex
	began      time.Time
	operations []Operation
}

// NewHistory begins a history.
func NewHistory() *History { return &History{began: time.Now()} }

// Write has a client write, and notes it.
func (h *History) Write(ctx context.Context, c *Client, value string) error {
	o := Operation{Client: c.Name, Value: value, Write: true, Began: time.Since(h.began)}
	err := c.Write(ctx, value)
	o.Failed = err != nil
	h.add(o)
	return err
}

// Read has a client read, and notes what it got.
func (h *History) Read(ctx context.Context, c *Client) (value string, err error) {
	o := Operation{Client: c.Name, Began: time.Since(h.began)}
	o.Value, err = c.Read(ctx)
	if err == nil { // a read that fails says nothing
		h.add(o)
	}
	return o.Value, err
}

func (h *History) add(o Operation) {
	o.Ended = time.Since(h.began)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.operations = append(h.operations, o)
}

// Operations returns those that have ended.
func (h *History) Operations() []Operation {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Operation(nil), h.operations...)
}

// Linearizable reports whether the operations could have been those of a single register: whether
// they can be put one after the other, each between its begin and its end, so that each read has the
// value of the last write before it, or "" (Herlihy and Wing, 1990). The search is that of Wing and Gong
// (1993); there can be 64 operations at most.
func Linearizable(operations []Operation) bool {
	if len(operations) > 64 {
		panic(fmt.Sprintf("%d operations are more than 64", len(operations)))
	}
	s := search{operations: operations, seen: make(map[state]bool)}
	for i, o := range operations {
		if !o.Failed {
			s.required |= 1 << i
		}
	}
	return s.from(state{})
}

// A state is how far a search has come.
type state struct {
	done  uint64 // a bit for each operation
	value string
}

type search struct {
	operations []Operation
	required   uint64
	seen       map[state]bool
}

// from reports whether there is an order of the operations that are not done.
func (s *search) from(at state) bool {
	if at.done&s.required == s.required {
		return true
	}
	if s.seen[at] {
		return false
	}
	s.seen[at] = true
	for i, o := range s.operations {
		if at.done&(1<<i) != 0 || !mayBeNext(s.operations, at.done, o) || !o.Write && o.Value != at.value {
			continue
		}
		if s.from(state{at.done | 1<<i, o.Value}) {
			return true
		}
	}
	return false
}

// mayBeNext reports whether no operation that is not done ended before o began. One that failed
// may take effect at any time later.
func mayBeNext(operations []Operation, done uint64, o Operation) bool {
	for i, other := range operations {
		if done&(1<<i) == 0 && !other.Failed && other.Ended < o.Began {
			return false
		}
	}
	return true
}
