// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// Run starts a filler, which keeps n Sets idle until ctx is cancelled or the
// function that Run returns is called; that function waits until the filler has
// ended. Several fillers may run; together they keep the sum of their n.
//
// The context that Run returns is done once the filler has ended, its goroutine
// gone, and its share of the idle Sets closed. [context.Cause] tells what ended
// it: the cause of ctx, [context.Canceled] after the function, or the error of
// a creation for which trying again makes no sense, such as missing privilege.
// A creation that failed for want of something that others may give back, such
// as namespaces that the kernel is still destroying, is tried again, less and
// less often.
//
// Get works before, during and after.
func (p *Pool) Run(ctx context.Context, n int) (context.Context, func()) {
	ended, end := context.WithCancelCause(context.WithoutCancel(ctx))
	ctx, stop := context.WithCancel(ctx)
	p.resize(n)
	go func() {
		defer stop()
		err := p.fill(ctx)
		p.resize(-n)
		end(err)
	}()
	return ended, func() {
		stop()
		<-ended.Done()
	}
}

// fill makes Sets whenever there is room for one, until ctx is cancelled or a
// creation fails for good.
func (p *Pool) fill(ctx context.Context) error {
	var delay backoff
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.room:
		}
		for p.reserve() {
			s, err := p.create()
			if surplus := p.made(s, err); surplus {
				_ = s.Close() // as in resize
			}
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case err == nil:
				delay.reset()
			case !canPass(err):
				return err
			default:
				if err := delay.wait(ctx); err != nil {
					return err
				}
			}
		}
	}
}

// reserve takes the task of making one Set, if there is room for it. Where there
// is room for more, it wakes another filler.
func (p *Pool) reserve() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle)+p.making >= p.bound {
		return false
	}
	p.making++
	p.wake()
	return true
}

// made ends what reserve began. It tells whether the Set is one too many: the
// fillers may have become fewer since.
func (p *Pool) made(s set.Set, err error) (surplus bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.making--
	if err != nil {
		return false
	}
	if len(p.idle) >= p.bound {
		return true
	}
	p.idle = append(p.idle, s)
	return false
}

// wake lets a filler look for room. It never blocks: one that is awake anyway
// looks again before it waits.
func (p *Pool) wake() {
	if len(p.idle)+p.making >= p.bound {
		return
	}
	select {
	case p.room <- struct{}{}:
	default:
	}
}

// moment is how long a Set that was taken may wait for its replacement.
const moment = time.Millisecond

// replaceSoon has a filler replace what Get took: at once if half is gone, or else
// in a moment. To wake a filler takes ten times as long as to take a Set, and who takes
// one often takes more.
func (p *Pool) replaceSoon() {
	switch {
	case len(p.idle)+p.making <= p.bound/2:
		p.wake()
	case p.soon == nil:
		p.soon = time.AfterFunc(moment, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.soon = nil
			p.wake()
		})
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
	if p.bound == 0 && p.soon != nil && p.soon.Stop() {
		p.soon = nil // nobody is left to be woken
	}
	p.wake()
	p.mu.Unlock()
	for _, s := range surplus {
		// An error would tell that a descriptor was bad, and there is nobody to
		// whom that would mean anything.
		_ = s.Close()
	}
}

// canPass tells whether trying again makes sense: a limit was reached, of
// namespaces, files, memory or processes.
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

func (b *backoff) wait(ctx context.Context) error {
	b.last = min(max(2*b.last, firstDelay), lastDelay)
	timer := time.NewTimer(b.last)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
