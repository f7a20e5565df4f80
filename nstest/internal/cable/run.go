// SPDX-License-Identifier: Apache-2.0

package cable

import (
	"bytes"
	"errors"
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
	c.broken = err
	close(c.done)
}

func (c *Cable) carry() error {
	for {
		moved := 0
		for d := range c.lines {
			n, err := c.move(impair.Direction(d))
			if err != nil {
				return err
			}
			moved += n
		}
		if moved > 0 {
			continue
		}
		limit, closed := c.pause()
		if closed {
			return nil
		}
		if limit == 0 {
			continue
		}
		if err := sys.WaitPackets(limit, c.alarm, c.ends[:]...); err != nil {
			return err
		}
	}
}

// pause returns how long there is nothing to do but wait for frames; for ever, if negative.
func (c *Cable) pause() (limit time.Duration, closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	limit = -1
	for i := range c.lines {
		if at, ok := c.lines[i].next(); ok {
			wait := max(0, at-time.Since(c.began))
			if limit < 0 || wait < limit {
				limit = wait
			}
		}
	}
	return limit, c.closed
}

// move carries what has been received in one direction, and what is due. It returns how many frames it has received.
// What has been taken in is carried also if a hook ends the goroutine.
func (c *Cable) move(d impair.Direction) (n int, err error) {
	from, to := c.ends[d], c.ends[1-d]
	now, clock := time.Since(c.began), time.Now().Round(0)
	c.mu.Lock()
	l, hook, tap := &c.lines[d], c.hook, c.tap
	c.mu.Unlock()
	c.out = c.out[:0]
	missed := uint64(0)
	defer func() {
		c.mu.Lock()
		c.due(l, now)
		l.count.Missed += missed
		c.mu.Unlock()
		err = errors.Join(err, c.send(to, l, d, tap))
		from.Release(n)
	}()
	for n < sys.SendBatch {
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
		n++
		if !lost {
			c.enter(d, l, hook, tap, now, sent, frame)
		}
	}
	return n, nil
}

// enter has a frame go through the hook and the line. It passes if the hook ends the goroutine.
func (c *Cable) enter(d impair.Direction, l *line, hook Hook, tap Tap, now time.Duration, sent time.Time, frame []byte) {
	if tap != nil {
		tap(d, false, c.began.Add(now), frame)
	}
	var v Verdict
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		l.follow(d, sent)
		l.enter(now, frame, v)
		c.due(l, now)
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

// send sends what has left the line.
func (c *Cable) send(to *sys.PacketSocket, l *line, d impair.Direction, tap Tap) error {
	var delivered, refused uint64
	for out := c.out; len(out) > 0; {
		n, err := to.Send(out)
		if err != nil {
			if !refusal(err) {
				return err
			}
			refused++
			out = out[1:]
			continue
		}
		if tap != nil {
			at := time.Now()
			for _, frame := range out[:n] {
				tap(d, true, at, frame)
			}
		}
		delivered += uint64(n)
		out = out[n:]
	}
	if delivered+refused > 0 {
		c.mu.Lock()
		l.count.Delivered += delivered
		l.count.Refused += refused
		c.mu.Unlock()
	}
	return nil
}
