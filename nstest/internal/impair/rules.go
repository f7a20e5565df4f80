// SPDX-License-Identifier: Apache-2.0

// Package impair says what a link does to the frames that cross it. Its rules mean the
// same to everything that carries them out: netem, the queueing discipline of the kernel
// (tc-netem(8)), and the wire of package nstest/wire.
package impair

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rules are what a link does to frames in one direction. The zero value does nothing to
// them. Each frame goes through these steps:
//
//  1. It is lost, with the probability Loss.
//  2. It is doubled, with the probability Duplicate. What follows happens to each of the two by itself.
//  3. One bit of it, any one, is flipped, with the probability Corrupt. Checksums are complete by then.
//  4. It is lost if the link holds as many frames as Queue has room for. These are all that have entered and
//     not left: those that wait for their turn and those that are delayed.
//  5. With the probability Reorder it leaves at once, before all others.
//  6. It is delayed by Delay, give or take up to Jitter, evenly distributed. A frame may overtake another one by that.
//  7. If there is a Rate it then waits until the frame before it has left, and takes length/Rate to leave itself. The
//     length is that of the Ethernet frame, without preamble and checksum. No frame overtakes another one here.
//
// Random decisions are independent of each other.
type Rules struct {
	Delay, Jitter                     time.Duration
	Loss, Duplicate, Reorder, Corrupt float64 // probabilities, 0 to 1
	Rate                              int64   // in bits per second; 0 for no limit
	Queue                             int     // in frames; 0 for DefaultQueue
}

// Bounds of the rules, those of the kernel: netem counts nanoseconds of jitter in 31 bits (sch_netem.c,
// tabledist).
const (
	maxDelay  = time.Hour
	maxJitter = 2 * time.Second
	minRate   = 8 // netem counts in bytes per second
	maxRate   = 1_000_000_000_000
	maxQueue  = 1 << 20
)

// Queues of links that say nothing else: where frames wait for the rate it is netem's default,
// where they are just delayed there is room for all that a program can send meanwhile.
const (
	rateQueue  = 1000
	delayQueue = 10_000
)

// QueueSize returns how many frames the link holds.
func (r Rules) QueueSize() int {
	switch {
	case r.Queue > 0:
		return r.Queue
	case r.Rate > 0:
		return rateQueue
	}
	return delayQueue
}

// Random reports whether what becomes of a frame depends on chance.
func (r Rules) Random() bool {
	chance := func(p float64) bool { return p > 0 && p < 1 }
	return r.Jitter > 0 || r.Corrupt > 0 || chance(r.Loss) || chance(r.Duplicate) || chance(r.Reorder)
}

// Check says which of the rules make no sense.
func (r Rules) Check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, p := range []struct {
		name  string
		value float64
	}{{"loss", r.Loss}, {"duplicate", r.Duplicate}, {"reorder", r.Reorder}, {"corrupt", r.Corrupt}} {
		if !(p.value >= 0 && p.value <= 1) { // NaN is not
			bad("%s %v: it is a probability, 0 to 1", p.name, p.value)
		}
	}
	errs = append(errs, CheckDelay(r.Delay))
	switch err := noUnit("jitter", r.Jitter); {
	case err != nil:
		errs = append(errs, err)
	case r.Jitter < 0 || r.Jitter > maxJitter:
		bad("jitter %v: it must be 0s to %v", r.Jitter, maxJitter)
	case r.Delay >= 0 && r.Jitter > r.Delay: // or else one thing is wrong, and not two
		bad("jitter %v: it must not be more than the delay, %v", r.Jitter, r.Delay)
	}
	if r.Reorder > 0 && r.Delay == 0 {
		bad("reorder %v: it takes a delay, since frames that leave at once overtake those that are delayed", r.Reorder)
	}
	if r.Rate != 0 && (r.Rate < minRate || r.Rate > maxRate) {
		bad("rate %d: it must be %d to %d bits per second, or 0 for no limit", r.Rate, minRate, int64(maxRate))
	}
	if r.Queue < 0 || r.Queue > maxQueue {
		bad("queue %d: it must be 1 to %d frames, or 0 for %d with a rate and %d without", r.Queue, maxQueue, rateQueue, delayQueue)
	}
	return errors.Join(errs...)
}

// CheckDelay says why frames cannot be delayed by d.
func CheckDelay(d time.Duration) error {
	if d < 0 || d > maxDelay {
		return fmt.Errorf("delay %v: it must be 0s to %v", d, maxDelay)
	}
	return noUnit("delay", d)
}

// noUnit returns an error for a time that can only be a number whose unit was forgotten: no link is that exact.
func noUnit(what string, d time.Duration) error {
	if d <= 0 || d >= time.Microsecond {
		return nil
	}
	return fmt.Errorf("%s %v: was a unit meant, as in %d*time.Millisecond?", what, d, d)
}

// String returns the rules in the words of tc-netem(8), such as "delay 20ms ±5ms, loss 1%, rate 10Mbit/s",
// or "" if there are none.
func (r Rules) String() string {
	var list []string
	if r.Delay != 0 || r.Jitter != 0 {
		text := "delay " + r.Delay.String()
		if r.Jitter != 0 {
			text += " ±" + r.Jitter.String()
		}
		list = append(list, text)
	}
	for _, p := range []struct {
		name  string
		value float64
	}{{"loss", r.Loss}, {"duplicate", r.Duplicate}, {"reorder", r.Reorder}, {"corrupt", r.Corrupt}} {
		if p.value != 0 {
			list = append(list, p.name+" "+strconv.FormatFloat(p.value*100, 'g', 4, 64)+"%")
		}
	}
	if r.Rate != 0 {
		list = append(list, "rate "+rateText(r.Rate))
	}
	if r.Queue != 0 {
		list = append(list, fmt.Sprintf("queue %d", r.Queue))
	}
	return strings.Join(list, ", ")
}

// rateText has the largest unit in which the rate is a whole number.
func rateText(rate int64) string {
	unit := ""
	for _, next := range []string{"k", "M", "G"} {
		if rate%1000 != 0 {
			break
		}
		rate, unit = rate/1000, next
	}
	return fmt.Sprintf("%d%sbit/s", rate, unit)
}
