// SPDX-License-Identifier: Apache-2.0

package cable

import (
	"testing"
	"time"
)

func TestWhatHasBecomeOfAFrameIsSaidOnce(t *testing.T) {
	const by = "the filter of x_test.go:41"
	for want, e := range map[string]Event{
		"":                                 {Fate: Counters{Received: 1}},
		"lost":                             {Fate: Counters{Received: 1, Lost: 1}},
		"dropped by " + by:                 {Verdict: Verdict{Drop: true, By: by}, Fate: Counters{Received: 1, Dropped: 1}},
		"doubled by " + by:                 {Verdict: Verdict{Copies: 1, By: by}, Fate: Counters{Duplicated: 1}},
		"made 3 by " + by + ", duplicated": {Verdict: Verdict{Copies: 2, By: by}, Fate: Counters{Duplicated: 3}},
		"corrupted by " + by + ", lost":    {Verdict: Verdict{Corrupt: true, By: by}, Fate: Counters{Corrupted: 1, Lost: 1}},
		"replaced, corrupted, delayed by 1s by " + by: {Verdict: Verdict{Data: []byte{}, Corrupt: true, Delay: time.Second, By: by}, Fate: Counters{Corrupted: 1}},
		"dropped": {Verdict: Verdict{Drop: true}, Fate: Counters{Dropped: 1}},
	} {
		if got := e.What(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	both := Verdict{Copies: 1, By: "a"}.And(Verdict{}).And(Verdict{Delay: 1, By: "b"})
	if got := (Event{Verdict: both}).What(); got != "delayed by 1ns, doubled by a and b" {
		t.Errorf("%q", got)
	}
}

func TestCopiesOfSeveralHooksAreBounded(t *testing.T) {
	v := Verdict{}
	for range 5 {
		v = v.And(Verdict{Copies: MaxCopies - 1})
	}
	if v.Copies != MaxCopies-1 {
		t.Errorf("a frame gets %d copies", v.Copies)
	}
}
