// SPDX-License-Identifier: Apache-2.0

package cable

import (
	"bytes"
	"errors"
	"os"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

// run carries frames until Close. A hook may end the goroutine (runtime.Goexit): then another one goes on.
func (c *Cable) run() {
	ended := false
	defer func() {
		if !ended {
			go c.run()
		}
	}()
	err := c.carry()
	ended = true
	c.count(func() { c.broken = errors.Join(c.broken, err) })
	close(c.done)
}

func (c *Cable) carry() error {
	moved := 0 // since others could last run
	for !c.isClosed() {
		before := moved
		for d := range c.lines {
			n, err := c.move(impair.Direction(d))
			if err != nil {
				return err
			}
			moved += n
		}
		var err error
		switch {
		case moved == before:
			moved = 0
			err = c.poller.Wait(c.next())
		case moved >= sys.SendBatch:
			moved = 0
			err = c.poller.Yield()
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return nil
}

func (c *Cable) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// next returns when a frame leaves, or the zero time if none waits.
func (c *Cable) next() (until time.Time) {
	for i := range c.lines {
		if at, ok := c.lines[i].next(); ok {
			if t := c.began.Add(at); until.IsZero() || t.Before(until) {
				until = t
			}
		}
	}
	return until
}

// move carries what has been received in one direction, and what is due. It returns how many frames it has received.
// What has been taken in is carried also if a hook ends the goroutine.
func (c *Cable) move(d impair.Direction) (n int, err error) {
	from, to := c.ends[d], c.ends[1-d]
	now, clock := time.Since(c.began), time.Now().Round(0)
	c.mu.Lock()
	l, hook, taps := &c.lines[d], c.hook, [2]Tap{c.tap, c.watch}
	c.mu.Unlock()
	c.out = c.out[:0]
	missed := uint64(0)
	defer func() {
		c.count(func() { l.count.Missed += missed })
		c.due(l, now)
		err = errors.Join(err, c.send(to, l, d, taps))
		from.Release(n)
	}()
	c.due(l, now)
	for n < sys.SendBatch && !c.isClosed() { // a hook may take long for each frame
		frame, lost, err := from.Ahead(n)
		switch {
		case err != nil:
			return n, err
		case lost:
			missed++
		case frame == nil && n == 0: // all that were sent until now have entered
			c.mu.Lock()
			l.follow(d, clock)
			c.mu.Unlock()
			return n, nil
		case frame == nil:
			return n, nil
		}
		sent := from.ReceivedAt(n)
		if sent.After(clock) { // since this goroutine has looked: no frame enters before it was sent, or its delay would begin too early
			now, clock = time.Since(c.began), time.Now().Round(0)
		}
		n++
		if !lost {
			c.enter(d, l, hook, taps, now, sent, frame)
		}
	}
	return n, nil
}

// enter has a frame go through the hook and the line. It passes if the hook ends the goroutine.
func (c *Cable) enter(d impair.Direction, l *line, hook Hook, taps [2]Tap, now time.Duration, sent time.Time, frame []byte) {
	var v Verdict
	defer func() {
		var before, after Counters
		c.count(func() {
			before = l.count
			l.follow(d, sent)
			l.enter(now, frame, v)
			c.due(l, now)
			after = l.count
		})
		for _, tap := range taps {
			if tap != nil {
				tap(Event{Direction: d, At: sent, Data: frame, Verdict: v, Fate: after.since(before)})
			}
		}
	}()
	if hook != nil {
		frame = bytes.Clone(frame) // which it may keep
		v = hook(Frame{Data: frame, Direction: d, Number: l.count.Received + 1, At: now})
	}
}

// due takes out of the line what leaves by now.
func (c *Cable) due(l *line, now time.Duration) {
	for {
		frame := l.leave(now)
		if frame == nil {
			return
		}
		c.out = append(c.out, frame)
	}
}

// send sends what has left the line. It is counted before, so that who has received a frame finds it counted.
func (c *Cable) send(to *sys.PacketSocket, l *line, d impair.Direction, taps [2]Tap) error {
	if len(c.out) == 0 {
		return nil
	}
	c.count(func() { l.count.Delivered += uint64(len(c.out)) })
	for _, tap := range taps {
		if tap == nil {
			continue
		}
		for at, frames := time.Now(), c.out; len(frames) > 0; frames = frames[1:] {
			tap(Event{Left: true, Direction: d, At: at, Data: frames[0]})
		}
	}
	for out := c.out; len(out) > 0; {
		n, err := to.Send(out)
		if err != nil {
			if !refusal(err) {
				return err
			}
			c.count(func() { l.count.Delivered--; l.count.Refused++ })
			n = 1
		}
		out = out[n:]
	}
	return nil
}

func (c *Cable) count(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}
