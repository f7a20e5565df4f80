// SPDX-License-Identifier: Apache-2.0

package creation

import (
	"runtime"
	"slices"
	"strings"
	"sync"
)

// A Call is one that has a thread in other namespaces until it returns. There are many, and they are short: so it
// is not known which thread that is, which would take a system call, and calls are used again.
type Call struct {
	inodes         []uint64
	pcs            [depth]uintptr
	frames         int
	previous, next *Call
}

// calls are those that go on, behind one that is none.
var calls struct {
	sync.Mutex
	head Call
}

var unused = sync.Pool{New: func() any { return new(Call) }}

// Begin remembers where the function was called that calls Begin, until [Call.End]. The inodes are those of
// the namespaces. It returns nil if nothing is remembered.
func Begin(inodes []uint64) *Call {
	if !watched.Load() {
		return nil
	}
	c := unused.Get().(*Call)
	c.inodes, c.frames = inodes, runtime.Callers(2, c.pcs[:])
	calls.Lock()
	defer calls.Unlock()
	c.previous, c.next = &calls.head, calls.head.next
	if c.next != nil {
		c.next.previous = c
	}
	calls.head.next = c
	return c
}

// End forgets the call.
func (c *Call) End() {
	if c == nil {
		return
	}
	calls.Lock()
	c.inodes = nil // of a Set that may be forgotten
	c.previous.next = c.next
	if c.next != nil {
		c.next.previous = c.previous
	}
	calls.Unlock()
	unused.Put(c)
}

// Inside tells of the calls that have a thread in a namespace where they are from, "" if there are none.
func Inside(inode uint64) string {
	calls.Lock()
	defer calls.Unlock()
	var sites []string
	for c := calls.head.next; c != nil; c = c.next {
		site := Site{c.pcs[:c.frames]}.String()
		if slices.Contains(c.inodes, inode) && !slices.Contains(sites, site) {
			sites = append(sites, site)
		}
	}
	if sites == nil {
		return ""
	}
	slices.Sort(sites)
	return "moved at " + strings.Join(sites, ", or at ")
}
