// SPDX-License-Identifier: Apache-2.0

package cable

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

const ms = time.Millisecond

// A delivery is a frame that has left a line.
type delivery struct {
	number uint64 // of the frame, which is in its first bytes
	after  time.Duration
	frame  []byte
}

// through sends n frames of that size through a line, one each interval, by a clock of its own.
func through(rules impair.Rules, seed uint64, n, size int, interval time.Duration) (l *line, out []delivery) {
	l = new(line)
	l.set(impair.AToB, rules, seed)
	leave := func(now time.Duration) {
		for {
			at, ok := l.next()
			if !ok || at > now {
				return
			}
			frame := l.leave(at)
			number := binary.BigEndian.Uint64(frame)
			out = append(out, delivery{number, at - time.Duration(number)*interval, frame})
		}
	}
	for i := range n {
		now := time.Duration(i) * interval
		leave(now)
		frame := binary.BigEndian.AppendUint64(nil, uint64(i))
		l.enter(now, append(frame, make([]byte, size-8)...), Verdict{})
		leave(now)
	}
	leave(math.MaxInt64)
	return l, out
}

// bounds are those of how often what has a probability happens in n times: six standard deviations, which a test sees by chance
// once in 500 million runs.
func bounds(n int, p float64) (low, high float64) {
	mean, deviation := float64(n)*p, math.Sqrt(float64(n)*p*(1-p))
	return mean - 6*deviation, mean + 6*deviation
}

func checkCount(t *testing.T, what string, got uint64, n int, p float64) {
	t.Helper()
	if low, high := bounds(n, p); float64(got) < low || float64(got) > high {
		t.Errorf("%s: %d of %d, want %.0f to %.0f", what, got, n, low, high)
	}
}

const many = 50_000

func TestFramesAreLostWithTheirProbability(t *testing.T) {
	for _, p := range []float64{0, 0.001, 0.1, 0.5, 1} {
		l, out := through(impair.Rules{Loss: p}, 7, many, 64, ms)
		checkCount(t, "lost", l.count.Lost, many, p)
		if len(out)+int(l.count.Lost) != many {
			t.Errorf("of %d frames %d were lost and %d have arrived", many, l.count.Lost, len(out))
		}
	}
}

func TestFramesAreDoubledWithTheirProbability(t *testing.T) {
	for _, p := range []float64{0, 0.1, 1} {
		l, out := through(impair.Rules{Duplicate: p}, 7, many, 64, ms)
		checkCount(t, "doubled", l.count.Duplicated, many, p)
		if len(out) != many+int(l.count.Duplicated) {
			t.Errorf("%d have arrived", len(out))
		}
	}
}

func TestLossAndDuplicationAreIndependent(t *testing.T) {
	_, out := through(impair.Rules{Loss: 0.3, Duplicate: 0.3}, 7, many, 64, ms)
	times := make(map[uint64]int)
	for _, d := range out {
		times[d.number]++
	}
	count := make(map[int]uint64)
	for _, n := range times {
		count[n]++
	}
	checkCount(t, "once", count[1], many, 0.7*0.7)
	checkCount(t, "twice", count[2], many, 0.7*0.3)
}

func TestOneBitOfAFrameIsFlipped(t *testing.T) {
	l, out := through(impair.Rules{Corrupt: 0.2}, 7, many, 64, ms)
	checkCount(t, "corrupted", l.count.Corrupted, many, 0.2)
	byByte := make([]uint64, 64)
	changed := uint64(0)
	for i, d := range out {
		whole := append(binary.BigEndian.AppendUint64(nil, uint64(i)), make([]byte, 56)...)
		flipped := 0
		for j := range whole {
			if b := bits.OnesCount8(whole[j] ^ d.frame[j]); b > 0 {
				flipped += b
				byByte[j]++
			}
		}
		if flipped > 1 {
			t.Fatalf("%d bits of a frame were flipped", flipped)
		}
		changed += uint64(flipped)
	}
	if changed != l.count.Corrupted {
		t.Errorf("%d frames are changed, and %d were corrupted", changed, l.count.Corrupted)
	}
	for j, n := range byByte {
		if n == 0 {
			t.Errorf("byte %d was never changed", j)
		}
	}
}

func TestDelayAndJitterAreEvenlyDistributed(t *testing.T) {
	_, out := through(impair.Rules{Delay: 20 * ms, Jitter: 5 * ms}, 7, many, 64, ms)
	var below, sum uint64
	for _, d := range out {
		if d.after < 15*ms || d.after > 25*ms {
			t.Fatalf("frame %d took %v, want 15ms to 25ms", d.number, d.after)
		}
		if d.after < 17500*time.Microsecond {
			below++
		}
		sum += uint64(d.after)
	}
	checkCount(t, "in the first quarter", below, many, 0.25)
	if mean := time.Duration(sum / uint64(len(out))); mean < 19900*time.Microsecond || mean > 20100*time.Microsecond {
		t.Errorf("%v on average, want 20ms", mean)
	}
	if slices.IsSortedFunc(out, func(a, b delivery) int { return int(a.number) - int(b.number) }) {
		t.Error("no frame has overtaken another one")
	}
	_, out = through(impair.Rules{Delay: 20 * ms}, 7, 100, 64, ms)
	for _, d := range out {
		if d.after != 20*ms {
			t.Errorf("frame %d took %v, want 20ms", d.number, d.after)
		}
	}
}

func TestReorderedFramesLeaveAtOnce(t *testing.T) {
	l, out := through(impair.Rules{Delay: 20 * ms, Reorder: 0.25}, 7, many, 64, ms)
	var early uint64
	for _, d := range out {
		switch d.after {
		case 0:
			early++
		case 20 * ms:
		default:
			t.Fatalf("frame %d took %v", d.number, d.after)
		}
	}
	checkCount(t, "at once", early, many, 0.25)
	if early != l.count.Reordered {
		t.Errorf("%d left at once, %d were counted", early, l.count.Reordered)
	}
}

func TestRateSpacesFrames(t *testing.T) {
	// 100 bytes at 8 Mbit/s take 0.1 ms, and two of them come each 0.1 ms.
	l, out := through(impair.Rules{Rate: 8_000_000, Delay: 5 * ms, Jitter: ms, Queue: 100}, 7, 1000, 100, 50*time.Microsecond)
	if l.count.Overflowed == 0 || len(out)+int(l.count.Overflowed) != 1000 {
		t.Errorf("%d have arrived, %d found the queue full", len(out), l.count.Overflowed)
	}
	var last time.Duration
	for i, d := range out {
		at := d.after + time.Duration(d.number)*50*time.Microsecond
		if i > 0 && (d.number < out[i-1].number || at-last < 100*time.Microsecond) {
			t.Errorf("frame %d left %v after frame %d", d.number, at-last, out[i-1].number)
		}
		last = at
	}
	busy := last - (4*ms + 100*time.Microsecond)
	if n := int(busy / (100 * time.Microsecond)); len(out) < n*9/10 {
		t.Errorf("%d frames in %v, want about %d", len(out), busy, n)
	}
}

func TestQueueHoldsFramesThatAreDelayed(t *testing.T) {
	l, out := through(impair.Rules{Delay: 10 * ms, Queue: 4}, 7, 100, 64, ms)
	if l.count.Overflowed == 0 || len(out) > 4*100/10+4 {
		t.Errorf("%d have arrived, %d found the queue full", len(out), l.count.Overflowed)
	}
	l, out = through(impair.Rules{Queue: 1}, 7, 100, 64, 0)
	if l.count.Overflowed != 0 || len(out) != 100 {
		t.Errorf("%d of 100 have arrived that leave at once, %d found the queue full", len(out), l.count.Overflowed)
	}
}

func TestTheSameSeedHasTheSameFate(t *testing.T) {
	rules := impair.Rules{Delay: 20 * ms, Jitter: 5 * ms, Loss: 0.1, Duplicate: 0.1, Corrupt: 0.1, Reorder: 0.1}
	equal := func(a, b delivery) bool {
		return a.number == b.number && a.after == b.after && bytes.Equal(a.frame, b.frame)
	}
	_, a := through(rules, 7, 1000, 64, ms)
	_, b := through(rules, 7, 1000, 64, ms)
	_, c := through(rules, 8, 1000, 64, ms)
	if !slices.EqualFunc(a, b, equal) {
		t.Error("two runs with the same seed are not alike")
	}
	if slices.EqualFunc(a, c, equal) {
		t.Error("two runs with different seeds are alike")
	}
}

// What waits does not share the memory of the caller, which has it back when enter returns.
func TestFramesThatWaitHaveTheirOwnMemory(t *testing.T) {
	var l line
	l.set(impair.AToB, impair.Rules{Delay: ms}, 7)
	memory := []byte("frame")
	l.enter(0, memory, Verdict{Copies: 1})
	copy(memory, "other")
	for range 2 {
		if frame := l.leave(ms); string(frame) != "frame" {
			t.Errorf("%q leaves", frame)
		}
	}
}

func TestOneBitIsFlippedForAHook(t *testing.T) {
	var l line
	l.set(impair.AToB, impair.Rules{}, 7)
	memory := make([]byte, 64)
	l.enter(0, memory, Verdict{Corrupt: true})
	flipped := 0
	for _, b := range l.leave(0) {
		flipped += bits.OnesCount8(b)
	}
	if flipped != 1 || !bytes.Equal(memory, make([]byte, 64)) {
		t.Errorf("%d bits are flipped, and what was sent is % x", flipped, memory)
	}
}

// A frame's fate depends on its place alone, and not on which other rules there are.
func TestOneRuleDoesNotChangeAnother(t *testing.T) {
	numbers := func(rules impair.Rules) (list []uint64) {
		_, out := through(rules, 7, 1000, 64, ms)
		for _, d := range out {
			list = append(list, d.number)
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	if !slices.Equal(numbers(impair.Rules{Loss: 0.1}), numbers(impair.Rules{Loss: 0.1, Delay: 20 * ms, Jitter: ms, Duplicate: 0.5})) {
		t.Error("jitter and duplication change which frames are lost")
	}
}

func TestAHeldFrameWaitsForTheNextOne(t *testing.T) {
	var l line
	l.set(impair.AToB, impair.Rules{}, 7)
	leave := func(now time.Duration) (got []byte) {
		for frame := l.leave(now); frame != nil; frame = l.leave(now) {
			got = append(got, frame[0])
		}
		return got
	}
	l.enter(0, []byte{1}, Verdict{Hold: 10 * ms})
	if got := leave(ms); got != nil {
		t.Errorf("%v leaves before another one", got)
	}
	l.enter(2*ms, []byte{2}, Verdict{Drop: true})
	if got := leave(2 * ms); got != nil {
		t.Errorf("%v leaves after one that was dropped", got)
	}
	l.enter(3*ms, []byte{3}, Verdict{})
	l.enter(3*ms, []byte{4}, Verdict{})
	if got := leave(3 * ms); !slices.Equal(got, []byte{3, 1, 4}) {
		t.Errorf("%v leave", got)
	}
	l.enter(20*ms, []byte{5}, Verdict{Hold: 10 * ms})
	if got := leave(30 * ms); !slices.Equal(got, []byte{5}) {
		t.Errorf("%v leaves when its time is over", got)
	}
	l.enter(31*ms, []byte{6}, Verdict{})
	if got := leave(31 * ms); !slices.Equal(got, []byte{6}) {
		t.Errorf("%v leaves at last", got)
	}
}
