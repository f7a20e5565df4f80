// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/creation"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A Pool hands out Sets of new namespaces, all made alike. It is safe to use from many
// goroutines. Without a filler, see [Pool.Run], the pool has only the Sets that Put
// gave back; if there is none, Get makes a new one.
type Pool struct {
	flags       int
	afterCreate func() (clean bool, err error)
	opts        []set.UnshareOpt

	mu     sync.Mutex
	idle   []set.Set
	known  map[set.Set]struct{} // what Get has returned, and maybe is closed now
	sweep  int                  // at how many of them those that are closed go
	making int                  // Sets that the fillers are at
	bound  int                  // how many Sets may be idle: what all fillers together keep ready
	put    int                  // how many more Put may keep: some until there is a filler

	fillers []*filler
}

// New returns a pool of Sets with new namespaces of the kinds in flags, made by
// [set.Unshare] with these options.
//
// Unless it is nil, afterCreate runs inside of each new Set, as in [set.Set.Do],
// before anyone gets it. If it returns an error, panics or ends its goroutine,
// that Set is closed and is not handed out; the pool goes on.
func New(flags int, afterCreate func() error, opts ...set.UnshareOpt) *Pool {
	if afterCreate == nil {
		return NewRaw(flags, nil, opts...)
	}
	return NewRaw(flags, func() (bool, error) { return false, afterCreate() }, opts...)
}

// NewRaw is [New] with an afterCreate that also reports whether its thread is clean, as
// the function of [set.Set.DoRaw] does. A clean thread is used again, so that not every
// Set takes a new one.
func NewRaw(flags int, afterCreate func() (clean bool, err error), opts ...set.UnshareOpt) *Pool {
	return &Pool{
		flags: flags, afterCreate: afterCreate, opts: opts,
		known: make(map[set.Set]struct{}), put: unfilled,
	}
}

// Get returns a Set that has no other user. It takes an idle one, or makes one if there
// is none. The Set is the caller's: close it when it is done, or Put it back.
func (p *Pool) Get() (set.Set, error) {
	if s, ok := p.take(); ok {
		creation.Hand(s, "a Set taken from a pool", creation.Here())
		return s, nil
	}
	s, err := p.create()
	if err != nil {
		return set.Set{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remember(s)
	return s, nil
}

// take takes an idle Set. Sets that were closed in the meantime are dropped.
func (p *Pool) take() (s set.Set, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.replaceSoon() // also what was taken where nothing could wake a filler
	for last := len(p.idle) - 1; last >= 0; last-- {
		s := p.idle[last]
		p.idle[last] = set.Set{}
		p.idle = p.idle[:last]
		if !s.Closed() {
			p.remember(s)
			return s, true
		}
	}
	return set.Set{}, false
}

// remember lets Put know a Set. Most are closed and never come back: those go when
// there are twice as many as were left the last time.
func (p *Pool) remember(s set.Set) {
	if len(p.known) >= p.sweep {
		maps.DeleteFunc(p.known, func(s set.Set, _ struct{}) bool { return s.Closed() })
		p.sweep = max(2*len(p.known), unfilled)
	}
	p.known[s] = struct{}{}
}

// unfilled is how many Sets Put keeps in a pool that never had a filler.
const unfilled = 16

// Put gives a Set back to be handed out again. The caller must make sure that it is as
// it was when Get returned it. In most cases it is better to close the Set and let the
// pool make another.
//
// The pool keeps as many idle Sets as its fillers do together, or 16 if it never had
// one; where there is no room, Put closes the Set. It also closes one that did not come
// from Get of this pool: in any case, the caller must not use the Set after Put. Put
// does nothing with one that is closed or idle already. To close what Put has kept,
// start a filler and stop it, see [Pool.Run].
func (p *Pool) Put(s set.Set) {
	if p.keep(s) {
		return
	}
	// There is no caller to tell: the Set was given up.
	_ = s.Close()
}

// keep reports whether the Set is taken care of.
func (p *Pool) keep(s set.Set) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ours := p.known[s]
	if s.Closed() || slices.Contains(p.idle, s) {
		return true
	}
	p.prune()
	if !ours || len(p.idle)+p.making >= p.bound+p.put {
		return false
	}
	p.idle = append(p.idle, s)
	return true
}

// prune drops idle Sets that were closed, and wakes a filler to replace them.
func (p *Pool) prune() {
	before := len(p.idle)
	if p.idle = slices.DeleteFunc(p.idle, set.Set.Closed); len(p.idle) < before {
		p.wake()
	}
}

// Len returns how many Sets are idle.
func (p *Pool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.prune()
	return len(p.idle)
}

// create makes a Set. It holds no lock: making one may take long.
func (p *Pool) create() (set.Set, error) {
	s, err := set.Unshare(p.flags, p.opts...)
	if err != nil {
		return set.Set{}, err
	}
	if p.afterCreate == nil {
		return s, nil
	}
	if err := prepare(s, p.afterCreate); err != nil {
		return set.Set{}, errors.Join(fmt.Errorf("gonso: pool: set up %s: %w", s, err), s.Close())
	}
	return s, nil
}

var errGoexit = errors.New("afterCreate ended its goroutine, as t.FailNow does")

// prepare runs f inside the Set. A panic and Goexit become errors: if one Set fails,
// the goroutine that asked for it shall not end.
func prepare(s set.Set, f func() (clean bool, err error)) error {
	result := make(chan error, 1)
	go func() {
		err := errGoexit
		defer func() {
			// What Do raises is an error, with the stack of the panic.
			if p, ok := recover().(*set.PanicError); ok {
				err = fmt.Errorf("afterCreate panicked: %w", p)
			}
			result <- err
		}()
		var failed error
		if e := s.DoRaw(func() (clean bool) { clean, failed = f(); return clean }, true); e != nil {
			failed = e
		}
		err = failed
	}()
	return <-result
}
