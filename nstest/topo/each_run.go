// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
)

// eachAtOnce is how many runs there are at a time. They wait for retransmissions most of the time.
const eachAtOnce = 12

// eachAttempts is how often a run is made that does not do what the first one did.
const eachAttempts = 3

// An each runs a test again and again.
type each struct {
	fault    Fault
	f        func(t *testing.T, n *Network)
	limit    int
	every    bool
	duringUp bool

	test  string // its name
	where string // the caller's line
	seed  uint64 // of all runs
	first []sentFrame

	mu       sync.Mutex
	made     int            // runs with the fault
	failed   map[int]string // by the frame's number
	diverged map[int]string
}

func (e *each) run(t *testing.T) {
	t.Helper()
	seed, seedErr := impair.Seed()
	alone, err := frameToRepeat(t.Name())
	if err := errors.Join(seedErr, err); err != nil {
		t.Fatalf("topo: %v", err)
	}
	e.test, e.where, e.seed = t.Name(), caller(), seed
	first, passes := e.trial(t, asItIs, 0)
	switch {
	case first == nil:
		t.Fatalf("topo: -run or -skip leaves out %s/%s, with which all other runs are compared; to make one run alone, use\n%s\n"+
			"with the number of its frame for N", t.Name(), subtest(asItIs), lineToRepeat(t.Name(), "N"))
	case !passes:
		t.Fatalf("topo: the test fails as it is, without any frame %s", e.fault.name)
	case first.skipped:
		t.Skipf("topo: the test is skipped as it is, without any frame %s", e.fault.name)
	}
	switch e.first = first.sent(); {
	case len(e.first) == 0:
		t.Fatal("topo: no frame that counts was sent after Up: does the function use the network that it is given, call its Up, and wait for an " +
			"answer? What it has written when it returns may still wait for the neighbour's hardware address (ARP, ND), and is never sent then")
	case alone > len(e.first):
		t.Fatalf("topo: %s has frame %d, and there are %d", impair.LoseVariable, alone, len(e.first))
	}
	e.each(t, e.chosen(alone))
	t.Log(e.summary(alone))
}

// asItIs is the run without a fault.
const asItIs = "as it is"

// subtest returns the name that package testing makes of one.
func subtest(name string) string { return strings.ReplaceAll(name, " ", "_") }

// chosen returns the numbers of the frames that are to have the fault.
func (e *each) chosen(alone int) (numbers []int) {
	if alone > 0 {
		return []int{alone}
	}
	count := min(len(e.first), e.limit)
	for i := range count {
		numbers = append(numbers, 1+i*len(e.first)/count)
	}
	return numbers
}

// each makes the runs, several at a time.
func (e *each) each(t *testing.T, numbers []int) {
	t.Helper()
	next := make(chan int)
	var running sync.WaitGroup
	for range min(eachAtOnce, len(numbers)) {
		running.Go(func() {
			for number := range next {
				e.one(t, number)
			}
		})
	}
	for _, number := range numbers {
		next <- number
	}
	close(next)
	running.Wait()
}

// one makes the run for one frame, again if it went another way.
func (e *each) one(t *testing.T, number int) {
	t.Helper()
	frame, differs := e.first[number-1], ""
	for attempt := 1; attempt <= eachAttempts; attempt++ {
		name := fmt.Sprintf("frame %d %s", number, e.fault.name)
		if attempt > 1 {
			name += fmt.Sprintf(", attempt %d", attempt)
		}
		r, passes := e.trial(t, name, number)
		if r == nil {
			return // by -run or -skip
		}
		if attempt == 1 {
			e.count()
		}
		if !passes {
			e.note(e.failed, number, fmt.Sprintf("frame %d, %v", number, frame))
			return
		}
		if differs = e.difference(r.sent(), frame.position); differs == "" {
			return
		}
	}
	e.note(e.diverged, number, fmt.Sprintf("frame %d: %s", number, differs))
}

func (e *each) count() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.made++
}

func (e *each) note(of map[int]string, number int, text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	of[number] = text
}

// inOrder returns what was noted, a line for each frame.
func inOrder(notes map[int]string) string {
	var lines []string
	for _, number := range slices.Sorted(maps.Keys(notes)) {
		lines = append(lines, notes[number])
	}
	return strings.Join(lines, "\n  ")
}

// trial makes a run, with the fault at frame number if that is not 0. It returns nil if -run or -skip leaves that out.
func (e *each) trial(t *testing.T, name string, number int) (r *record, passes bool) {
	t.Helper()
	r = &record{every: e.every, duringUp: e.duringUp, target: position{link: -1}, counts: make(map[position]int)}
	if number > 0 {
		r.target, r.fault = e.first[number-1].position, e.fault.verdict
		r.fault.By = "topo.Each"
	}
	began, returned := false, false
	passes = t.Run(name, func(s *testing.T) {
		began = true
		s.Helper()
		defer func() { returned = true }()
		s.Cleanup(lifecycle.Observe(hanging{e, s, r, number}))
		s.Cleanup(func() { // after those of f
			r.skipped = s.Skipped()
			if s.Failed() && number > 0 {
				callsite.Log(s, e.where, "topo: "+e.failure(r, number))
			}
		})
		e.f(s, New(s, recorded(r, e.seed)))
	})
	switch {
	case !began:
		return nil, passes
	case !returned:
		t.Fatal("topo: the function must not call t.Parallel: it runs several times at once anyway")
	}
	return r, passes
}

// recorded has a network be all cables, whose frames are recorded. The seed is that of all runs.
func recorded(r *record, seed uint64) Option {
	return func(c *config) { c.cables, c.record, c.seed = true, r, seed }
}

// failure says which frame broke a run, and how to repeat that.
func (e *each) failure(r *record, number int) string {
	frame := e.first[number-1]
	text := fmt.Sprintf("frame %d, %v, was %s; this run alone is\n%s", number, frame, e.fault.name, lineToRepeat(e.test, strconv.Itoa(number)))
	if differs := e.difference(r.sent(), frame.position); differs != "" {
		text += "\nIt is not what the first run did: " + differs
	}
	return text
}

// difference says where a run went another way than the first one, before a frame or at it.
func (e *each) difference(sent []sentFrame, until position) string {
	was, is := sameLine(e.first, until), sameLine(sent, until)
	for i := range until.number + 1 {
		switch {
		case i >= len(is):
			return fmt.Sprintf("of %d frames on that way only %d were sent", until.number+1, len(is))
		case was[i].String() != is[i].String():
			return fmt.Sprintf("where it was %v, it is %v", was[i], is[i])
		}
	}
	return ""
}

// sameLine returns the frames of one link and direction.
func sameLine(frames []sentFrame, p position) (list []sentFrame) {
	for _, f := range frames {
		if f.link == p.link && f.direction == p.direction {
			list = append(list, f)
		}
	}
	return list
}

// summary is what the test's log says in the end.
func (e *each) summary(alone int) string {
	var text strings.Builder
	switch {
	case alone > 0:
		fmt.Fprintf(&text, "topo: frame %d of %d was %s", alone, len(e.first), e.fault.name)
	case e.made < len(e.first):
		fmt.Fprintf(&text, "topo: %d of %d frames were %s, each in a run of its own", e.made, len(e.first), e.fault.name)
	default:
		fmt.Fprintf(&text, "topo: each of %d frames was %s once", len(e.first), e.fault.name)
	}
	if len(e.failed) == 0 {
		text.WriteString(": the test passes")
	} else {
		fmt.Fprintf(&text, ": the test fails for\n  %s", inOrder(e.failed))
	}
	if len(e.diverged) > 0 {
		fmt.Fprintf(&text, "\nRuns that went another way than the first one, so that another frame was %s than is said, or none:\n  %s",
			e.fault.name, inOrder(e.diverged))
	}
	return text.String()
}
