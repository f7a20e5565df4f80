// SPDX-License-Identifier: Apache-2.0

package journal_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/journal"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

func TestListenersAreToldUntilTheyStop(t *testing.T) {
	g := NewWithT(t)
	g.Expect(journal.Listening()).To(BeFalse())
	journal.Add(t, tracedata.Event{Text: "unheard"})

	var first, second []string
	listen := func(to *[]string) func() {
		return journal.Listen(func(tb testing.TB, e journal.Entry) {
			g.Expect(tb).To(BeIdenticalTo(t))
			g.Expect(e.Time).NotTo(BeZero())
			switch {
			case e.NewNode != nil:
				*to = append(*to, "node "+e.NewNode.ID)
			case e.NewLink != nil:
				*to = append(*to, "link "+e.NewLink.ID)
			default:
				*to = append(*to, e.Text)
			}
		})
	}
	stopFirst, stopSecond := listen(&first), listen(&second)
	g.Expect(journal.Listening()).To(BeTrue())
	journal.Add(t, tracedata.Event{Text: "both"})
	stopFirst()
	journal.AddNode(t, tracedata.Node{ID: "a"})
	journal.AddLink(t, tracedata.Link{ID: "b"})
	stopSecond()
	journal.Add(t, tracedata.Event{Text: "unheard"})

	g.Expect(first).To(Equal([]string{"both"}))
	g.Expect(second).To(Equal([]string{"both", "node a", "link b"}))
	g.Expect(journal.Listening()).To(BeFalse())
}

func BenchmarkAddWithoutListener(b *testing.B) {
	for b.Loop() {
		journal.Add(b, tracedata.Event{Kind: "mark", Text: "nobody hears this"})
	}
}
