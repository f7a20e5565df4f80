// SPDX-License-Identifier: Apache-2.0

package impairtest

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

const ms = time.Millisecond

// Conform runs a test of each rule, each on a line of its own, which is made by newLine.
func Conform(t *testing.T, newLine func(t *testing.T) Line) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *direction)
	}{
		{"loss", loss},
		{"loss of everything", lossOfEverything},
		{"duplication", duplication},
		{"corruption", corruption},
		{"delay", delay},
		{"jitter", jitter},
		{"reordering", reordering},
		{"rate", rate},
		{"queue of a rate", queueOfRate},
		{"queue of a delay", queueOfDelay},
		{"frames on their way", onTheirWay},
		{"seed", seed},
		{"large segments", largeSegments},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t, newLine(t), impair.AToB))
		})
	}
	t.Run("the other direction", func(t *testing.T) {
		t.Parallel()
		line := newLine(t)
		there, back := open(t, line, impair.AToB), open(t, line, impair.BToA)
		back.set(impair.Rules{Loss: 1}, 1)
		there.send(burst, frameSize)
		there.readAll(burst)
		back.set(impair.Rules{}, 0)
		there.set(impair.Rules{Loss: 1}, 1)
		back.send(burst, frameSize)
		back.readAll(burst)
	})
}

// within fails the test if so many of all are not what the probability makes likely.
func within(t *testing.T, what string, count, all int, p float64) {
	t.Helper()
	between(t, what, count, all, p, p)
}

// between is within for a probability that is not known exactly.
func between(t *testing.T, what string, count, all int, low, high float64) {
	t.Helper()
	const deviations = 6
	spread := func(p float64) float64 { return deviations * math.Sqrt(float64(all)*p*(1-p)) }
	least, most := float64(all)*low-spread(low), float64(all)*high+spread(high)
	if float64(count) < least || float64(count) > most {
		t.Errorf("%d of %d frames are %s, want %.0f to %.0f", count, all, what, least, most)
	}
}

func times(arrivals []int, n int) (count int) {
	for _, a := range arrivals {
		if a == n {
			count++
		}
	}
	return count
}

func loss(t *testing.T, d *direction) {
	for _, p := range []float64{0.02, 0.5} {
		arrivals := d.sample(impair.Rules{Loss: p}, 30)
		within(t, "lost", times(arrivals, 0), len(arrivals), p)
		within(t, "there", times(arrivals, 1), len(arrivals), 1-p)
	}
}

func lossOfEverything(t *testing.T, d *direction) {
	arrivals := d.sample(impair.Rules{Loss: 1, Duplicate: 0.5}, 4)
	within(t, "lost", times(arrivals, 0), len(arrivals), 1)
}

func duplication(t *testing.T, d *direction) {
	for _, p := range []float64{0.2, 1} {
		arrivals := d.sample(impair.Rules{Duplicate: p}, 20)
		within(t, "doubled", times(arrivals, 2), len(arrivals), p)
		within(t, "there once", times(arrivals, 1), len(arrivals), 1-p)
	}
}

// Most bits that are flipped have the datagram be dropped, for its checksum or its address. But nobody looks at
// the sender's hardware address, or at the bit of the receiver's that makes it a multicast one.
func corruption(t *testing.T, d *direction) {
	const p, overlooked = 0.3, float64(48+1) / (8 * frameSize)
	before := checksumErrors(t, d)
	arrivals := d.sample(impair.Rules{Corrupt: p}, 30)
	lost := times(arrivals, 0)
	between(t, "dropped", lost, len(arrivals), p*(1-overlooked), p)
	within(t, "doubled", times(arrivals, 2), len(arrivals), 0)
	const payload = float64(frameSize-14-20) / frameSize // of UDP, which is where most bits are
	if found := checksumErrors(t, d) - before; float64(found) < payload*float64(lost)/2 {
		t.Errorf("%d frames are dropped, and only %d of them for their checksums", lost, found)
	}
}

func delay(t *testing.T, d *direction) {
	const by = 50 * ms
	d.set(impair.Rules{Delay: by}, 1)
	d.send(burst, frameSize)
	shortest, last, overtaken := time.Hour, -1, 0
	for _, a := range d.readAll(burst) {
		if a.flight < by {
			t.Errorf("frame %d arrives after %v", a.number, a.flight)
		}
		if a.number < last {
			overtaken++
		}
		shortest, last = min(shortest, a.flight), a.number
	}
	if overtaken > burst/20 { // the kernel may do that itself
		t.Errorf("%d frames arrive after the next one", overtaken)
	}
	if shortest > 10*by {
		t.Errorf("no frame takes less than %v, want %v", shortest, by)
	}
}

// jitter tries again where the machine has stood still, so that all frames are late.
func jitter(t *testing.T, d *direction) {
	const by, give, attempts = 110 * ms, 100 * ms, 20
	early, late, overtaken := 0, 0, 0
	for i := range attempts {
		early, late, overtaken = 0, 0, 0
		d.set(impair.Rules{Delay: by, Jitter: give}, uint64(i+1))
		d.send(burst, frameSize)
		last := -1
		for _, a := range d.readAll(burst) {
			if a.flight < by-give {
				t.Errorf("frame %d arrives after %v", a.number, a.flight)
			}
			if a.flight < by {
				early++
			} else {
				late++
			}
			if a.number < last {
				overtaken++
			}
			last = a.number
		}
		// Half of them each, if nothing stands still meanwhile.
		if early > 0 && late >= burst/4 && overtaken >= burst/10 {
			return
		}
	}
	t.Errorf("%d frames take less than %v, %d more, and %d arrive after the next one", early, by, late, overtaken)
}

func reordering(t *testing.T, d *direction) {
	const p, by = 0.25, 300 * ms
	all, early := 0, 0
	for i := range 5 {
		first := d.sent
		d.set(impair.Rules{Delay: by, Reorder: p}, uint64(i+1))
		d.send(burst, frameSize)
		missing := first // the lowest number that has not come yet
		came := make(map[int]bool)
		list := d.readAll(burst)
		sent := func(a, b arrival) int { return int(a.at - a.flight - b.at + b.flight) }
		if one, other := slices.MinFunc(list, sent), slices.MaxFunc(list, sent); sent(other, one) > int(by) {
			continue // the machine has stood still, so that what was delayed has come before all was sent
		}
		for _, a := range list {
			came[a.number] = true
			if a.number > missing {
				early++
			}
			for came[missing] {
				missing++
			}
		}
		all += burst - 1 // the first one has none to overtake
	}
	within(t, "overtaking others", early, all, p)
}

func rate(t *testing.T, d *direction) {
	const bits, frames, size = 2_000_000, 100, 1250
	d.set(impair.Rules{Rate: bits}, 1)
	d.send(frames, size)
	const each = time.Duration(size) * 8 * time.Second / bits
	list := d.readAll(frames)
	for i, a := range list {
		if least := time.Duration(i+1) * each; a.at < least-each/2 {
			t.Fatalf("%d frames arrive in %v, want %v", i+1, a.at, least)
		}
	}
	if last := list[frames-1].at; last > 10*frames*each {
		t.Errorf("%d frames arrive in %v, want %v", frames, last, frames*each)
	}
}

// queueOfRate fills a queue faster than it gets empty.
func queueOfRate(t *testing.T, d *direction) {
	const bits, queue, size = 1_000_000, 20, 500
	d.set(impair.Rules{Rate: bits, Queue: queue}, 1)
	queued(t, d, queue, time.Duration(size)*8*time.Second/bits, size)
}

// queueOfDelay fills a queue whose frames are all on their way.
func queueOfDelay(t *testing.T, d *direction) {
	const queue, by = 20, 500 * ms
	d.set(impair.Rules{Delay: by, Queue: queue}, 1)
	queued(t, d, queue, by/queue, frameSize)
}

// queued sends a burst to a link that lets a frame leave each so often, or as many less often.
func queued(t *testing.T, d *direction, queue int, each time.Duration, size int) {
	start := time.Now()
	d.send(burst, size)
	left := int(time.Since(start)/each) + 1 // have left meanwhile, at most
	var list []arrival
	for range queue {
		list = append(list, d.next())
	}
	// What else was let in comes before this one, which is let in once there is room.
	d.set(impair.Rules{Rate: 1_000_000_000, Delay: time.Duration(queue+left) * each}, 1)
	d.mark()
	list = append(list, d.read()...)
	if len(list) > queue+left {
		t.Errorf("%d frames pass a queue of %d, from which up to %d have left meanwhile", len(list), queue, left)
	}
}

// onTheirWay changes the rules while frames are delayed.
func onTheirWay(t *testing.T, d *direction) {
	for _, next := range []impair.Rules{{Loss: 1}, {}} {
		d.set(impair.Rules{Delay: 200 * ms}, 1)
		d.send(10, frameSize)
		d.set(next, 1)
		for range 10 {
			if a := d.next(); a.flight < 200*ms {
				t.Errorf("frame %d arrives after %v", a.number, a.flight)
			}
		}
	}
	d.readAll(0)
}

func seed(t *testing.T, d *direction) {
	lost := func(seed uint64) []int {
		d.set(impair.Rules{Loss: 0.5}, seed)
		d.send(burst, frameSize)
		d.set(impair.Rules{}, 0)
		d.mark()
		got := make([]int, burst)
		for _, a := range d.read() {
			got[a.number-(d.sent-burst)]++
		}
		return got
	}
	if same := slices.Equal(lost(7), lost(7)); same != d.line.Seeded {
		t.Errorf("the same frames are lost twice by the same seed: %v, want %v", same, d.line.Seeded)
	}
	if slices.Equal(lost(7), lost(8)) {
		t.Error("the same frames are lost by another seed")
	}
}
