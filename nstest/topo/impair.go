// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

// An Impairment is something that a link does to the frames that cross it, in both directions if [From] does
// not say otherwise. It is a [LinkOption], and [Link.Set] changes it later. Impairments are independent of
// each other, and so are the frames: each frame is
//
//   - lost, by [Loss]; if not,
//   - doubled, by [Duplicate], after which each of the two goes on by itself,
//   - damaged, by [Corrupt],
//   - lost if there is no room in the [Queue],
//   - sent before all others, by [Reorder]; if not,
//   - delayed, by [Delay] and [Jitter], and
//   - sent when its turn has come, by [Rate].
//
// Frames of ARP and neighbour discovery are frames like others.
type Impairment struct {
	change func(l *Link, rules *[2]impair.Rules) error
}

func (i Impairment) apply(c *linkConfig) { c.impairments = append(c.impairments, i) }

// both changes what happens in both directions.
func both(change func(*impair.Rules)) Impairment {
	return Impairment{func(_ *Link, rules *[2]impair.Rules) error {
		for i := range rules {
			change(&rules[i])
		}
		return nil
	}}
}

// Delay makes each frame arrive later by d. A packet and its answer are delayed by twice d in sum.
func Delay(d time.Duration) Impairment { return both(func(r *impair.Rules) { r.Delay = d }) }

// Jitter makes the [Delay] of each frame longer or shorter, by up to d, evenly distributed. d must not be more
// than the Delay. Frames can overtake each other, unless the link has a [Rate].
func Jitter(d time.Duration) Impairment { return both(func(r *impair.Rules) { r.Jitter = d }) }

// Loss loses each frame with a probability of p, 0 to 1.
func Loss(p float64) Impairment { return both(func(r *impair.Rules) { r.Loss = p }) }

// Duplicate makes each frame arrive twice with a probability of p, 0 to 1.
func Duplicate(p float64) Impairment { return both(func(r *impair.Rules) { r.Duplicate = p }) }

// Reorder sends each frame at once with a probability of p, 0 to 1, while the others are delayed. It needs a
// [Delay].
func Reorder(p float64) Impairment { return both(func(r *impair.Rules) { r.Reorder = p }) }

// Corrupt flips one bit of each frame with a probability of p, 0 to 1. Most often the receiver's kernel finds that the
// checksum is wrong, and drops the packet.
func Corrupt(p float64) Impairment { return both(func(r *impair.Rules) { r.Corrupt = p }) }

// Rate limits how much is sent, in bits per second, Ethernet headers included: 10e6 for 10 Mbit/s. 0 sets no limit.
func Rate(bitsPerSecond int64) Impairment {
	return both(func(r *impair.Rules) { r.Rate = bitsPerSecond })
}

// Queue sets how many frames the link has room for in each direction, including those that are on their way.
// Frames that do not fit are lost. If it is not set, or 0, it is 1,000 with a [Rate], and 10,000 without.
func Queue(frames int) Impairment { return both(func(r *impair.Rules) { r.Queue = frames }) }

// From restricts impairments to the frames that one end of the link sends:
//
//	wan.Set(topo.From(server, topo.Loss(1))) // requests arrive, answers do not
func From(sender Node, impairments ...Impairment) Impairment {
	return Impairment{func(l *Link, rules *[2]impair.Rules) error {
		node, err := nodeOf(sender)
		if err != nil {
			return fmt.Errorf("topo.From: %w", err)
		}
		for i, e := range l.ends {
			if e.node != node {
				continue
			}
			changed := *rules
			for _, impairment := range impairments {
				if impairment.change == nil {
					return errNoImpairment
				}
				if err := impairment.change(l, &changed); err != nil {
					return err
				}
			}
			rules[i] = changed[i]
			return nil
		}
		return fmt.Errorf("what %s sends: it is not one of the link's nodes", node.name)
	}}
}

var errNoImpairment = errors.New("an Impairment is made by a function of this package, such as Delay")

// begin sets the rules that the link begins with.
func (l *Link) begin() error {
	for i := range l.rules {
		l.rules[i].Delay = l.regionDelay()
	}
	err := l.impair(l.config.impairments)
	for i, r := range l.rules {
		l.delays[i] = r.Delay
	}
	return err
}

// impair changes the rules of the link, if they are in order.
func (l *Link) impair(impairments []Impairment) error {
	rules := l.rules
	var errs []error
	for _, impairment := range impairments {
		if impairment.change == nil {
			return errNoImpairment
		}
		errs = append(errs, impairment.change(l, &rules))
	}
	if rules[0] == rules[1] {
		errs = append(errs, rules[0].Check())
	} else {
		for i, r := range rules {
			if err := r.Check(); err != nil {
				errs = append(errs, fmt.Errorf("what %s sends: %w", l.ends[i].node.name, err))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	l.rules = rules
	return nil
}

// Set changes what the link does to frames that are sent from now on; frames that are on their way arrive as
// before. Impairments that are not given stay as they are; [Perfect] removes all of them. Routes do not change.
//
//	wan.Set(topo.Loss(1)) // nothing gets through, and nobody is told
//	wan.Set(topo.Loss(0), topo.Delay(time.Second))
//
// If a cable has to do this (see the package's documentation), and the link was made without any impairment, it
// gets new interfaces. They have the names, indexes, hardware addresses, settings, addresses, routes and
// neighbours of the old ones, so that connections go on; sockets of packet(7), memberships in multicast groups
// and queueing disciplines are lost. A routing daemon sees an interface go and come, and its routes are left to
// it. To avoid all that, give [Network.Link] the option Perfect: such a link is a cable from the start.
func (l *Link) Set(impairments ...Impairment) {
	n := l.in()
	n.tb.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.usable(); err != nil {
		n.fatal("set "+l.String(), err)
	}
	if len(impairments) == 0 {
		n.fatal("set "+l.String(), errors.New("there is nothing to set; topo.Perfect ends all impairments"))
	}
	before := l.rules
	if err := l.impair(impairments); err != nil {
		n.fatal("set "+l.String(), err)
	}
	if l.rules == before {
		return
	}
	n.noteLink("set "+l.String()+": "+l.impairmentText(), l)
	if err := n.carryOut(l); err != nil {
		n.fatal("set "+l.String(), err)
	}
}

// impaired reports whether the link does anything to frames.
func (l *Link) impaired() bool { return l.rules != [2]impair.Rules{} }

// impairmentText says all that the link does to frames.
func (l *Link) impairmentText() string {
	if notes := l.impairmentNotes(); len(notes) > 0 {
		return strings.Join(notes, ", ")
	}
	return "perfect"
}

// impairmentNotes are a note for both directions, or one for each.
func (l *Link) impairmentNotes() (notes []string) {
	if l.rules[0] == l.rules[1] {
		if text := l.rules[0].String(); text != "" {
			notes = append(notes, text)
		}
		return notes
	}
	for i, r := range l.rules {
		if text := r.String(); text != "" {
			notes = append(notes, "from "+l.ends[i].node.name+" "+strings.ReplaceAll(text, ",", ""))
		}
	}
	return notes
}
