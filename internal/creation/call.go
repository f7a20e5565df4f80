// SPDX-License-Identifier: Apache-2.0

package creation

import (
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// A Call is one that has a thread in other namespaces until it returns. There are many, and they are short: so it
// is not known which thread that is, which would take a system call, and calls are used again.
type Call struct {
	namespaces     []*sys.FD
	pcs            [depth]uintptr
	frames         int
	started        string // as in a Site
	previous, next *Call
}

// calls are those that go on, behind one that is none.
var calls struct {
	sync.Mutex
	head Call
}

var unused = sync.Pool{New: func() any { return new(Call) }}

// Begin remembers where the function was called that calls Begin, until [Call.End], before which the descriptors of
// the namespaces are not closed; some may be nil. It returns nil if nothing is remembered.
func Begin(namespaces []*sys.FD) *Call {
	if !watched.Load() {
		return nil
	}
	c := unused.Get().(*Call)
	c.namespaces, c.frames = namespaces, runtime.Callers(2, c.pcs[:])
	c.started = goStatement(c.pcs[:c.frames])
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
	c.namespaces = nil // of a Set that may be forgotten
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
		if slices.ContainsFunc(c.namespaces, func(fd *sys.FD) bool { return is(fd, inode) }) {
			sites = append(sites, Site{c.pcs[:c.frames], c.started}.String())
		}
	}
	if sites == nil {
		return ""
	}
	slices.Sort(sites)
	return "moved at " + strings.Join(slices.Compact(sites), ", or at ")
}

func is(fd *sys.FD, inode uint64) bool {
	if fd == nil {
		return false
	}
	id, err := fd.InodeID()
	return err == nil && id.Ino == inode
}
