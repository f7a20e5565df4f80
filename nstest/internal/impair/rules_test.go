// SPDX-License-Identifier: Apache-2.0

package impair_test

import (
	"math"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

const ms = time.Millisecond

func TestBadRulesAreNamed(t *testing.T) {
	for _, c := range []struct {
		rules impair.Rules
		want  string
	}{
		{impair.Rules{}, ""},
		{impair.Rules{Delay: time.Hour, Jitter: 2 * time.Second, Loss: 1, Duplicate: 1, Reorder: 1, Corrupt: 1, Rate: 8, Queue: 1}, ""},
		{impair.Rules{Loss: 1.5}, "loss 1.5: it is a probability, 0 to 1"},
		{impair.Rules{Loss: -0.1}, "loss -0.1: it is a probability, 0 to 1"},
		{impair.Rules{Loss: math.NaN()}, "loss NaN: it is a probability, 0 to 1"},
		{impair.Rules{Duplicate: 2}, "duplicate 2: it is a probability, 0 to 1"},
		{impair.Rules{Delay: ms, Reorder: 2}, "reorder 2: it is a probability, 0 to 1"},
		{impair.Rules{Corrupt: math.Inf(1)}, "corrupt +Inf: it is a probability, 0 to 1"},
		{impair.Rules{Delay: -ms}, "delay -1ms: it must be 0s to 1h0m0s"},
		{impair.Rules{Delay: -ms, Jitter: ms}, "delay -1ms: it must be 0s to 1h0m0s"},
		{impair.Rules{Delay: 2 * time.Hour}, "delay 2h0m0s: it must be 0s to 1h0m0s"},
		{impair.Rules{Delay: 20}, "delay 20ns: was a unit meant, as in 20*time.Millisecond?"},
		{impair.Rules{Delay: ms, Jitter: 999}, "jitter 999ns: was a unit meant, as in 999*time.Millisecond?"},
		{impair.Rules{Delay: 20, Jitter: 50}, "delay 20ns: was a unit meant, as in 20*time.Millisecond?\n" +
			"jitter 50ns: was a unit meant, as in 50*time.Millisecond?"},
		{impair.Rules{Delay: time.Microsecond, Jitter: time.Microsecond}, ""},
		{impair.Rules{Delay: ms, Jitter: -ms}, "jitter -1ms: it must be 0s to 2s"},
		{impair.Rules{Delay: time.Minute, Jitter: 3 * time.Second}, "jitter 3s: it must be 0s to 2s"},
		{impair.Rules{Delay: ms, Jitter: 2 * ms}, "jitter 2ms: it must not be more than the delay, 1ms"},
		{impair.Rules{Reorder: 0.1}, "reorder 0.1: it takes a delay, since frames that leave at once overtake those that are delayed"},
		{impair.Rules{Rate: 7}, "rate 7: it must be 8 to 1000000000000 bits per second, or 0 for no limit"},
		{impair.Rules{Rate: -1}, "rate -1: it must be 8 to 1000000000000 bits per second, or 0 for no limit"},
		{impair.Rules{Queue: -1}, "queue -1: it must be 1 to 1048576 frames, or 0 for 1000 with a rate and 10000 without"},
		{impair.Rules{Loss: 2, Queue: 1 << 21}, "loss 2: it is a probability, 0 to 1\n" +
			"queue 2097152: it must be 1 to 1048576 frames, or 0 for 1000 with a rate and 10000 without"},
	} {
		got := ""
		if err := c.rules.Check(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%v: %q, want %q", c.rules, got, c.want)
		}
	}
}

func TestRulesAreReadable(t *testing.T) {
	for _, c := range []struct {
		rules impair.Rules
		want  string
	}{
		{impair.Rules{}, ""},
		{impair.Rules{Delay: 20 * ms}, "delay 20ms"},
		{impair.Rules{Delay: 20 * ms, Jitter: 5 * ms, Loss: 0.01}, "delay 20ms ±5ms, loss 1%"},
		{impair.Rules{Loss: 0.1 + 0.2, Duplicate: 0.001, Corrupt: 1}, "loss 30%, duplicate 0.1%, corrupt 100%"},
		{impair.Rules{Delay: ms, Reorder: 0.25, Rate: 10_000_000, Queue: 50}, "delay 1ms, reorder 25%, rate 10Mbit/s, queue 50"},
		{impair.Rules{Rate: 1_500_000}, "rate 1500kbit/s"},
		{impair.Rules{Rate: 1_000_000_000_000}, "rate 1000Gbit/s"},
		{impair.Rules{Rate: 1001}, "rate 1001bit/s"},
	} {
		if got := c.rules.String(); got != c.want {
			t.Errorf("%#v is %q, want %q", c.rules, got, c.want)
		}
	}
}

func TestQueueHasRoom(t *testing.T) {
	for want, r := range map[int]impair.Rules{7: {Queue: 7, Rate: 8}, 1000: {Rate: 8}, 10_000: {Delay: ms}} {
		if got := r.QueueSize(); got != want {
			t.Errorf("%v has room for %d frames, want %d", r, got, want)
		}
	}
}

func TestChanceIsTold(t *testing.T) {
	for _, r := range []impair.Rules{{}, {Delay: ms, Rate: 8}, {Loss: 1}, {Duplicate: 1}} {
		if r.Random() {
			t.Errorf("%v is random", r)
		}
	}
	for _, r := range []impair.Rules{{Delay: ms, Jitter: ms}, {Loss: 0.5}, {Duplicate: 0.5}, {Delay: ms, Reorder: 0.5}, {Corrupt: 1}} {
		if !r.Random() {
			t.Errorf("%v is not random", r)
		}
	}
}
