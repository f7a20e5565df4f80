// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/option"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// An Option changes what a wire is like, or what it does to the frames on it: in both directions, unless it is an
// argument of [From].
type Option func(*config)

type config struct {
	ends
	seed     uint64
	seeded   bool
	mtu      int
	rules    [2]impair.Rules
	only     []impair.Direction // of From; both if empty
	strange  *nstest.Fixture    // of From, and at no end
	late     bool               // for what is fixed when the wire is made
	misplace string             // and the option that was given all the same
	err      error              // of an option
}

// The ends of a wire never change.
type ends struct {
	a, b *nstest.Fixture
	loop bool // they are one
}

// each changes the rules of the directions that an option is for.
func (c *config) each(change func(*impair.Rules)) {
	for _, d := range c.directions() {
		change(&c.rules[d])
	}
}

func (c *config) directions() []impair.Direction {
	if c.only != nil {
		return c.only
	}
	return []impair.Direction{impair.AToB, impair.BToA}
}

// From applies options only to the frames that one of the two fixtures sends, for faults in one direction:
//
//	wire.Join(t, a, b, wire.From(a, wire.Loss(0.1)))
func From(sender *nstest.Fixture, opts ...Option) Option {
	return func(c *config) {
		if sender == nil {
			c.err = errors.Join(c.err, errors.New("From: the *Fixture is nil"))
			return
		}
		before := c.only
		defer func() { c.only = before }()
		if c.only = c.ends.sentBy(sender); c.only == nil {
			c.strange = sender
			return
		}
		if err := option.Apply(c, opts); err != nil {
			c.err = errors.Join(c.err, fmt.Errorf("From: %w", err))
		}
	}
}

// sentBy returns the directions of the frames that a fixture sends: none, if it is at no end.
func (e ends) sentBy(sender *nstest.Fixture) []impair.Direction {
	switch sender.ID(set.NS_NET) {
	case e.a.ID(set.NS_NET):
		if e.loop {
			return []impair.Direction{impair.AToB, impair.BToA}
		}
		return []impair.Direction{impair.AToB}
	case e.b.ID(set.NS_NET):
		return []impair.Direction{impair.BToA}
	}
	return nil
}

// Delay sets how long each frame takes.
func Delay(d time.Duration) Option {
	return func(c *config) { c.each(func(r *impair.Rules) { r.Delay = d }) }
}

// Jitter makes each frame take longer or shorter than [Delay] says, by d at most, evenly distributed. Frames
// can overtake each other, unless there is a [Rate].
func Jitter(d time.Duration) Option {
	return func(c *config) { c.each(func(r *impair.Rules) { r.Jitter = d }) }
}

// Loss loses each frame with that probability: 0.01 is one of a hundred.
func Loss(p float64) Option {
	return func(c *config) { c.each(func(r *impair.Rules) { r.Loss = p }) }
}

// Duplicate makes each frame arrive twice with that probability.
func Duplicate(p float64) Option {
	return func(c *config) { c.each(func(r *impair.Rules) { r.Duplicate = p }) }
}

// Reorder lets each frame leave at once with that probability, while the others take the time of [Delay].
func Reorder(p float64) Option {
	return func(c *config) { c.each(func(r *impair.Rules) { r.Reorder = p }) }
}

// Corrupt flips one bit of each frame with that probability, anywhere from the Ethernet header on.
func Corrupt(p float64) Option {
	return func(c *config) { c.each(func(r *impair.Rules) { r.Corrupt = p }) }
}

// Rate sets how many bits of Ethernet frames the wire carries in a second. Those that come faster wait in a queue, see [Queue].
func Rate(bitsPerSecond int64) Option {
	return func(c *config) { c.each(func(r *impair.Rules) { r.Rate = bitsPerSecond }) }
}

// Queue sets how many frames are on the wire at most, waiting for their turn or delayed. Frames beyond that are
// lost. It is 1,000 if there is a [Rate], and 10,000 if not.
func Queue(frames int) Option {
	return func(c *config) { c.each(func(r *impair.Rules) { r.Queue = frames }) }
}

// Seed sets the seed of random decisions: with the same seed, the same happens to the same frames. Without it
// the seed is that of the environment variable NSTEST_SEED, or another one each time; the log of a test that
// fails has it.
func Seed(seed uint64) Option {
	return func(c *config) { c.seed, c.seeded = seed, true }
}

// MTU sets the size in bytes of the largest packet that both ends send, 1500 if it is not set.
func MTU(bytes int) Option {
	return func(c *config) {
		c.mtu = bytes
		if bytes < minMTU || bytes > maxMTU {
			c.err = errors.Join(c.err, fmt.Errorf("an MTU of %d: it must be %d to %d", bytes, minMTU, maxMTU))
		}
		if c.late {
			c.misplace = "MTU"
		}
	}
}
