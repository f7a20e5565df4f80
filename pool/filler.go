// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/bubble"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Run starts a filler, which keeps n Sets idle until ctx is cancelled or the
// function that Run returns is called; that function waits until the filler has
// ended. Several fillers may run; together they keep the sum of their n.
//
// The context that Run returns is done once the filler has ended, its goroutine gone,
// and its share of the idle Sets closed. [context.Cause] tells what ended it: the cause
// of ctx, [context.Canceled] after the function, or the error of a creation for which
// trying again makes no sense, such as missing privilege. If a creation fails because a
// limit is reached, for example while the kernel is still destroying namespaces, it is
// tried again, less and less often.
//
// A filler has a goroutine only while there are Sets to make. In a bubble of
// testing/synctest none is started: a Set that is taken there is replaced after the
// next Get outside, and a filler whose Run was called there makes no Sets.
//
// Get works before a filler runs, while it runs and after it has ended.
func (p *Pool) Run(ctx context.Context, n int) (context.Context, func()) {
	ended, end := context.WithCancelCause(context.WithoutCancel(ctx))
	f := &filler{pool: p, n: n, end: end}
	if !bubble.Inside() { // whose channels, such as that of ended, nobody else may close
		p.mu.Lock()
		p.fillers = append(p.fillers, f)
		p.mu.Unlock()
	}
	p.resize(n)
	unwatch := context.AfterFunc(ctx, func() { f.stop(context.Cause(ctx)) })
	return ended, func() {
		unwatch()
		f.stop(context.Canceled)
		<-ended.Done()
	}
}

// A filler makes Sets whenever its timer goes off. A goroutine that waits for work would
// be taken for a leaked one, and one that Get starts inherits from Get's caller, such as
// profiler labels. What a timer starts inherits nothing.
type filler struct {
	pool *Pool
	n    int
	end  func(cause error)

	// The pool's mutex guards the rest.
	timer *time.Timer // runs fill
	state fillerState
	delay backoff
	cause error // why it is to end; nil before
}

type fillerState int

const (
	asleep  fillerState = iota
	soon                // until its timer goes off, in a moment
	resting             // until its timer goes off, as the backoff says
	working             // its timer goes off now, or fill runs
	ended
)

// setOff has the timer go off. It must not be called in a bubble, which has a clock of its own.
func (f *filler) setOff(d time.Duration) {
	if f.timer == nil {
		f.timer = time.AfterFunc(d, f.fill)
	} else {
		f.timer.Reset(d)
	}
}

// fill makes Sets until there is no room for more, a creation fails, or the filler is
// to end.
func (f *filler) fill() {
	for f.reserve() && f.keep(f.pool.create()) {
	}
	f.endIfTold()
}

// reserve takes the task of making one Set, if there is room for it. Where there
// is room for more, it wakes another filler.
func (f *filler) reserve() bool {
	p := f.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.state == ended {
		return false // since the timer went off
	}
	if f.cause != nil || !p.hasRoom() {
		f.state = asleep
		return false
	}
	f.state = working
	p.making++
	p.wake()
	return true
}

// keep ends what reserve began, and reports whether the filler may go on.
func (f *filler) keep(s set.Set, err error) bool {
	p := f.pool
	p.mu.Lock()
	p.making--
	surplus := err == nil && len(p.idle) >= p.bound // the fillers have become fewer since
	switch {
	case surplus:
	case err == nil:
		p.idle = append(p.idle, s)
		f.delay.reset()
	case f.cause != nil:
	case canPass(err):
		f.state = resting
		f.setOff(f.delay.next())
	default:
		f.cause = err
	}
	goOn := f.state == working
	p.mu.Unlock()
	if surplus {
		_ = s.Close() // as in resize
	}
	return goOn
}

// stop ends the filler, now or as soon as it has made the Set that it is at.
func (f *filler) stop(cause error) {
	f.pool.mu.Lock()
	if f.cause == nil {
		f.cause = cause
	}
	f.pool.mu.Unlock()
	f.endIfTold()
}

func (f *filler) endIfTold() {
	p := f.pool
	p.mu.Lock()
	if f.cause == nil || f.state == working || f.state == ended {
		p.mu.Unlock()
		return
	}
	if f.state == soon || f.state == resting {
		f.timer.Stop() // if it goes off all the same, fill does nothing
	}
	f.state = ended
	p.fillers = slices.DeleteFunc(p.fillers, func(other *filler) bool { return other == f })
	p.mu.Unlock()
	p.resize(-f.n)
	f.end(f.cause)
}

// hasRoom reports whether another Set should be made.
func (p *Pool) hasRoom() bool { return len(p.idle)+p.making < p.bound }

// wake has one more filler make Sets, if there is room and one that can.
func (p *Pool) wake() {
	if !p.hasRoom() {
		return
	}
	f := p.idler(asleep, soon)
	if f == nil || bubble.Inside() {
		return
	}
	if f.state == asleep || f.timer.Stop() { // or else it has gone off already
		f.setOff(0)
	}
	f.state = working
}

// idler returns a filler that is in one of the states, or nil.
func (p *Pool) idler(states ...fillerState) *filler {
	for _, f := range p.fillers {
		if f.cause == nil && slices.Contains(states, f.state) {
			return f
		}
	}
	return nil
}

// moment is how long a Set that was taken may wait for its replacement.
const moment = time.Millisecond

// replaceSoon has a filler replace what Get took: at once if half is gone, or else in a
// moment. To wake a filler takes ten times as long as to take a Set, and a caller that
// takes one often takes more.
func (p *Pool) replaceSoon() {
	if len(p.idle)+p.making <= p.bound/2 {
		p.wake()
		return
	}
	if p.idler(soon, working) != nil {
		return // it looks again before it sleeps
	}
	if f := p.idler(asleep); f != nil && !bubble.Inside() {
		f.state = soon
		f.setOff(moment)
	}
}

// resize changes how many Sets may be idle, and closes those that are too many.
func (p *Pool) resize(n int) {
	p.mu.Lock()
	p.put = 0
	p.bound += n
	keep := min(len(p.idle), max(p.bound, 0))
	surplus := p.idle[keep:]
	p.idle = append(p.idle[:0:0], p.idle[:keep]...)
	p.wake()
	p.mu.Unlock()
	for _, s := range surplus {
		// An error would tell that a descriptor was bad, and there is nobody to
		// whom that would mean anything.
		_ = s.Close()
	}
}

// canPass reports whether trying again makes sense: a limit was reached, of namespaces,
// files, memory or processes.
func canPass(err error) bool {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EAGAIN} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// A backoff waits a little longer each time. No event tells that the kernel has
// destroyed a namespace, so that only time can be waited for.
type backoff struct{ last time.Duration }

const (
	firstDelay = 2 * time.Millisecond
	lastDelay  = time.Second
)

func (b *backoff) reset() { b.last = 0 }

// next returns how long to wait now.
func (b *backoff) next() time.Duration {
	b.last = min(max(2*b.last, firstDelay), lastDelay)
	return b.last
}
