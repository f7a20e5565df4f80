// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/journal"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
)

// told has what a test's journal was told of faults.
func told(t *testing.T) (list func() []string) {
	var mu sync.Mutex
	var texts []string
	t.Cleanup(journal.Listen(func(tb testing.TB, e journal.Entry) {
		if tb != t || e.Lane == "" {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		text := fmt.Sprintf("%s %s %s", e.Kind, e.Link, e.Text)
		if e.Bad {
			text += " [bad]"
		}
		if !strings.HasSuffix(e.Where.File, "/journal_linux_test.go") {
			text += " at " + e.Where.File
		}
		texts = append(texts, text)
	}))
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), texts...)
	}
}

func TestTheJournalKnowsWhatFiltersDo(t *testing.T) {
	g := NewWithT(t)
	list := told(t)
	w, a, b := joined(t, wire.Seed(7))
	remove := w.Filter(func(f *wire.Frame) wire.Verdict {
		switch string(f.Payload()) {
		case "lost":
			return wire.Drop
		case "thrice":
			return wire.Pass.Times(3).After(time.Millisecond)
		case "corrupt":
			return wire.Pass.Corrupt()
		}
		return wire.Pass
	})
	datagrams{t, w, a, b}.send("first", "lost", "thrice", "corrupt")
	remove()
	const id, packet = `a/eth0-b/eth0 `, ` by a filter: UDP 192\.0\.2\.1:\d+ > 192\.0\.2\.2:\d+`
	g.Expect(list()).To(HaveExactElements(
		Equal("fault "+id+"the wire of a and b gets a filter"),
		MatchRegexp(`^verdict `+id+`dropped`+packet+` \[bad\]$`),
		MatchRegexp(`^verdict `+id+`delayed by 1ms, made 3`+packet+`$`),
		MatchRegexp(`^verdict `+id+`corrupted`+packet+` \[bad\]$`),
	))
}

// Of a hundred thousand frames in a second nobody keeps each.
func TestTheJournalIsToldOfSomeOfManyFrames(t *testing.T) {
	g := NewWithT(t)
	list := told(t)
	judge := wire.NewJudge(t, func(*wire.Frame) wire.Verdict { return wire.Drop })
	for range 100_000 {
		judge(testFrame(60, 0x12, 0x34))
	}
	all := list()
	g.Expect(all).To(HaveLen(100 + 3))
	g.Expect(all[98]).NotTo(ContainSubstring("told"))
	for i, n := range map[int]int{99: 100, 100: 1000, 101: 10_000, 102: 100_000} {
		g.Expect(all[i]).To(ContainSubstring(fmt.Sprintf(" (frame %d of those that it does not just let pass; the next one that is told of is frame %d)", n, 10*n)))
	}
}
