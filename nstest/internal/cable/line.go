// SPDX-License-Identifier: Apache-2.0

package cable

import (
	"bytes"
	"container/heap"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

// A Verdict is what a hook says is to become of a frame. The zero Verdict carries it as it is.
type Verdict struct {
	Drop    bool
	Delay   time.Duration // besides that of the rules
	Hold    time.Duration // for which it waits for the next frame to overtake it
	Copies  int           // besides the frame itself
	Corrupt bool          // one bit is flipped
	Data    []byte        // instead of the frame, if not nil
	By      string        // who says so, such as "the filter of x_test.go:41"
}

// MaxCopies is how often a frame arrives at most by what hooks say, itself included: they are made with the lock held.
const MaxCopies = 10_000

// And returns what comes of this verdict and the next one, which is about what this one has left of the frame.
func (v Verdict) And(next Verdict) Verdict {
	by := []string{v.By, next.By}
	next.Drop = next.Drop || v.Drop
	next.Delay += v.Delay
	next.Hold = max(next.Hold, v.Hold)
	next.Copies = min((v.Copies+1)*(next.Copies+1), MaxCopies) - 1
	next.Corrupt = next.Corrupt || v.Corrupt
	if next.Data == nil {
		next.Data = v.Data
	}
	next.By = strings.Join(slices.DeleteFunc(by, func(s string) bool { return s == "" }), " and ")
	return next
}

// A line is one direction of a cable, without sockets and clock: the caller says what time it is. The same frames with the same
// seed have the same fate.
type line struct {
	rules   impair.Rules
	random  *rand.Rand // for the rules
	faults  *rand.Rand // for hooks, which are not to change what the rules do
	chancy  bool
	waiting waiting
	ready   []entry // those that leave at once, of which some have
	left    int
	entered uint64
	held    uint64        // the entry that waits to be overtaken, 0 for none
	last    time.Duration // when the last frame leaves that the rate has delayed
	changes []change      // that are not for all frames which are still to enter
	count   Counters
}

// A change is of rules, for frames that are sent from then on.
type change struct {
	from  time.Time
	rules impair.Rules
	seed  uint64
}

// follow makes the changes that are for frames sent at that time.
func (l *line) follow(d impair.Direction, sent time.Time) {
	for len(l.changes) > 0 && !l.changes[0].from.After(sent) {
		l.set(d, l.changes[0].rules, l.changes[0].seed)
		l.changes = l.changes[1:]
	}
}

// set begins new rules.
func (l *line) set(d impair.Direction, rules impair.Rules, seed uint64) {
	l.rules, l.chancy = rules, rules.Random()
	l.random, l.faults = rand.New(rand.NewPCG(seed, uint64(d))), rand.New(rand.NewPCG(^seed, uint64(d)))
}

// A chance has the random numbers of one frame, from 0 to 1. Each frame has all of them, whatever they are needed for, so that
// what becomes of one depends on nothing but the seed and its place.
type chance struct{ loss, duplicate, corrupt, bit, reorder, jitter float64 }

func (l *line) roll() (c [2]chance) {
	if !l.chancy {
		return [2]chance{{loss: l.sure(l.rules.Loss), duplicate: l.sure(l.rules.Duplicate), reorder: l.sure(l.rules.Reorder)},
			{reorder: l.sure(l.rules.Reorder)}}
	}
	for i := range c {
		for _, x := range []*float64{&c[i].loss, &c[i].duplicate, &c[i].corrupt, &c[i].bit, &c[i].reorder, &c[i].jitter} {
			*x = l.random.Float64()
		}
	}
	return c
}

// sure stands in for chance where a probability is 0 or 1.
func (l *line) sure(p float64) float64 { return 1 - p }

// enter has a frame come into the line. What it says is to leave now still has the caller's memory.
func (l *line) enter(now time.Duration, frame []byte, v Verdict) {
	l.count.Received++
	if v.Drop {
		l.count.Dropped++
		return
	}
	if v.Data != nil {
		frame = v.Data
	}
	if v.Corrupt {
		frame = l.flip(frame, l.faults.Float64())
	}
	for range v.Copies {
		l.count.Duplicated++
		l.impair(now, frame, v.Delay)
	}
	before := l.entered
	l.impair(now, frame, v.Delay+v.Hold)
	l.overtaken(now)
	if v.Hold > 0 && l.entered > before {
		l.held = l.entered
	}
}

// overtaken lets go of the frame that has waited for another one.
func (l *line) overtaken(now time.Duration) {
	if l.held == 0 {
		return
	}
	i := slices.IndexFunc(l.waiting, func(e entry) bool { return e.order == l.held })
	l.held = 0
	if i < 0 { // it has left
		return
	}
	l.entered++
	l.waiting[i].at, l.waiting[i].order = now, l.entered
	heap.Fix(&l.waiting, i)
}

// impair does what the rules say, in the order of [impair.Rules].
func (l *line) impair(now time.Duration, frame []byte, delay time.Duration) {
	c := l.roll()
	if c[0].loss < l.rules.Loss {
		l.count.Lost++
		return
	}
	l.pass(now, frame, delay, c[0])
	if c[0].duplicate < l.rules.Duplicate {
		l.count.Duplicated++
		l.pass(now, frame, delay, c[1])
	}
}

func (l *line) pass(now time.Duration, frame []byte, delay time.Duration, c chance) {
	if c.corrupt < l.rules.Corrupt {
		frame = l.flip(frame, c.bit)
	}
	if len(l.waiting) >= l.rules.QueueSize() {
		l.count.Overflowed++
		return
	}
	at := now + delay
	if c.reorder < l.rules.Reorder {
		l.count.Reordered++
	} else {
		at += l.rules.Delay + time.Duration((2*c.jitter-1)*float64(l.rules.Jitter))
		if l.rules.Rate > 0 {
			at = max(at, l.last) + time.Duration(len(frame))*8*time.Second/time.Duration(l.rules.Rate)
			l.last = at
		}
	}
	if at <= now && (len(l.waiting) == 0 || l.waiting[0].at > now) {
		l.ready = append(l.ready, entry{at, 0, frame})
		return
	}
	if at > now {
		frame = bytes.Clone(frame)
	}
	l.entered++
	heap.Push(&l.waiting, entry{at, l.entered, frame})
}

// flip returns a copy of the frame with one bit flipped: of all its bits, the one that is so far from the first, from 0 to 1.
func (l *line) flip(frame []byte, where float64) []byte {
	l.count.Corrupted++
	frame = bytes.Clone(frame)
	bit := int(where * float64(8*len(frame)))
	frame[bit/8] ^= 1 << (bit % 8)
	return frame
}

// leave returns the next frame that is to leave by now, or nil.
func (l *line) leave(now time.Duration) (frame []byte) {
	if len(l.ready) > 0 {
		frame = l.ready[l.left].frame
		if l.left++; l.left == len(l.ready) {
			l.ready, l.left = l.ready[:0], 0
		}
		return frame
	}
	if len(l.waiting) == 0 || l.waiting[0].at > now {
		return nil
	}
	return heap.Pop(&l.waiting).(entry).frame
}

// next returns when a frame leaves, if there is one.
func (l *line) next() (at time.Duration, ok bool) {
	switch {
	case len(l.ready) > 0:
		return l.ready[l.left].at, true
	case len(l.waiting) > 0:
		return l.waiting[0].at, true
	}
	return 0, false
}

// An entry is a frame that waits.
type entry struct {
	at    time.Duration
	order uint64
	frame []byte
}

// waiting is a heap of frames, by the time at which they leave and by their order.
type waiting []entry

func (w waiting) Len() int { return len(w) }
func (w waiting) Less(i, j int) bool {
	return w[i].at < w[j].at || w[i].at == w[j].at && w[i].order < w[j].order
}
func (w waiting) Swap(i, j int) { w[i], w[j] = w[j], w[i] }
func (w *waiting) Push(x any)   { *w = append(*w, x.(entry)) }
func (w *waiting) Pop() any {
	old := *w
	last := old[len(old)-1]
	old[len(old)-1] = entry{} // so that its memory is not kept
	*w = old[:len(old)-1]
	return last
}
