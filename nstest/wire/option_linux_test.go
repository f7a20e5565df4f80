// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"testing"
	"time"

	"github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
)

func TestOptionsAreRules(t *testing.T) {
	all := impair.Rules{Delay: 5 * time.Millisecond, Jitter: time.Millisecond, Loss: 0.1, Duplicate: 0.2, Reorder: 0.3, Corrupt: 0.4, Rate: 1_000_000, Queue: 50}
	w, a, b := joined(t, wire.Delay(all.Delay), wire.Jitter(all.Jitter), wire.Loss(all.Loss), wire.Duplicate(all.Duplicate),
		wire.Reorder(all.Reorder), wire.Corrupt(all.Corrupt), wire.Rate(all.Rate), wire.Queue(all.Queue))
	if got := w.Rules(); got != [2]impair.Rules{all, all} {
		t.Errorf("the rules are %v", got)
	}
	w.Set(wire.From(a, wire.Loss(0)), wire.From(b, wire.Queue(7), wire.From(a, wire.Corrupt(0))), wire.Duplicate(0))
	fromA, fromB := all, all
	fromA.Loss, fromA.Corrupt, fromA.Duplicate = 0, 0, 0
	fromB.Queue, fromB.Duplicate = 7, 0
	if got := w.Rules(); got != [2]impair.Rules{fromA, fromB} {
		t.Errorf("the rules are %v, want %v and %v", got, fromA, fromB)
	}
	if a.For(t) == a {
		t.Error("this is the same fixture")
	}
	w.Set(wire.From(a.For(t), wire.Queue(9)))
	if got := w.Rules(); got[0].Queue != 9 || got[1].Queue != 7 {
		t.Errorf("the rules are %v", got)
	}
}

func TestOneDirectionFails(t *testing.T) {
	w, a, b := joined(t)
	there, back := datagrams{t, w, a, b}, datagrams{t, w, b, a}
	there.send("so that the hosts know each other")
	w.Set(wire.From(b, wire.Loss(1)))
	if got := there.send("there"); len(got) != 1 || got[0] != "there" {
		t.Errorf("%q arrived", got)
	}
	w.Set(wire.From(b, wire.Loss(0)), wire.From(a, wire.Loss(1)))
	if got := back.send("back"); len(got) != 1 || got[0] != "back" {
		t.Errorf("%q arrived", got)
	}
}

// An end that is switched off takes nothing of what is on its way, and does again once it is switched on.
func TestAnEndThatIsOff(t *testing.T) {
	g := gomega.NewWithT(t)
	a, b := silent(t, "a"), silent(t, "b")
	w := wire.Join(t, a, b)
	near, far := w.Ends()
	off := make(chan struct{})
	remove := w.Filter(func(*wire.Frame) wire.Verdict {
		<-off
		return wire.Pass
	})
	from := newRawSocket(t, a)
	from.send(testFrame(64, 0x12, 0x34))
	far.Down()
	close(off)
	g.Eventually(func() wire.Counters { return w.Counters(a) }, patience).Should(gomega.Equal(wire.Counters{Received: 1, Refused: 1}))
	g.Eventually(carries(near), patience).Should(gomega.BeFalse()) // and so this is not over when the end is on again
	remove()
	far.Up()
	far.WaitUp()
	near.WaitUp()
	to := newRawSocket(t, b)
	from.send(testFrame(65, 0x12, 0x34))
	if n := len(to.receive()); n != 65 {
		t.Errorf("%d bytes arrived", n)
	}
}

// A process that is too slow loses frames, as a network interface does, and says so.
func TestFramesThatComeTooFastAreCounted(t *testing.T) {
	g := gomega.NewWithT(t)
	a, b := silent(t, "a"), silent(t, "b")
	w := wire.Join(t, a, b)
	sent := make(chan bool)
	w.Filter(func(*wire.Frame) wire.Verdict {
		<-sent
		return wire.Pass
	})
	from := newRawSocket(t, a)
	const all = 2000
	for range all {
		from.send(testFrame(64, 0x12, 0x34))
	}
	close(sent)
	g.Eventually(func() uint64 { c := w.Counters(a); return c.Received + c.Missed }, patience).Should(gomega.BeEquivalentTo(all))
	if c := w.Counters(a); c.Missed == 0 || c.Received < 500 {
		t.Errorf("%v, want 500 at least to be received, and others to be missed", c)
	}
}
