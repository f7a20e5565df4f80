// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
)

// linkFilters are what cable.NewFilters makes.
type linkFilters interface {
	Add(judge func(*wire.Frame) wire.Verdict, where tracedata.Place) (remove func())
	Judge(cable.Frame) cable.Verdict
	Seen(*wire.Frame) int
}

// Filter makes the link call judge for every frame, of both directions, one after the other, as [wire.Wire.Filter] does;
// frames that pass go on to what the link does to them besides. It may be called before Up: the filter sees the frames of
// Up, too. The link is a cable from then on; if it was none, [Link.Set] says what that means for it.
//
//	wan.Filter(func(f *wire.Frame) wire.Verdict {
//		if tcp := f.TCP(); tcp != nil && tcp.SYN && f.From == client.Fixture && wan.Seen(f) == 1 {
//			return wire.Drop // the first SYN: the client has to send it again
//		}
//		return wire.Pass
//	})
//
// The function that Filter returns takes the filter away. When it returns, the filter does not run any more, unless a filter has called it.
func (l *Link) Filter(judge func(f *wire.Frame) wire.Verdict) (remove func()) {
	n := l.in()
	n.tb.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	what := "filter " + l.String()
	switch {
	case judge == nil:
		n.fatal(what, errors.New("the function is nil"))
	case n.up:
		if err := n.usable(); err != nil {
			n.fatal(what, err)
		}
	}
	if err := l.takeFilters(); err != nil {
		n.fatal(what, err)
	}
	remove = l.filters.Add(judge, callsite.PlaceOutside(thisPackage))
	if n.up {
		n.noteLink(what, l)
	} else {
		n.tell(what, l)
	}
	return remove
}

// Seen returns for how many frames this line of the test has called Seen, f included, as [wire.Wire.Seen] does.
func (l *Link) Seen(f *wire.Frame) int {
	l.network.mu.Lock()
	filters := l.filters
	l.network.mu.Unlock()
	if filters == nil {
		panic("topo: link " + l.String() + ": Seen: the link has no filter, so that the frame is of another one")
	}
	return filters.Seen(f)
}

// takeFilters has the link ask filters, for which it has to be a cable. It is called with the lock held.
func (l *Link) takeFilters() error {
	n := l.network
	if l.filters == nil {
		newFilters := cable.NewFilters.(func(tb testing.TB, who, link string, ends [2]*nstest.Fixture) any)
		l.filters = newFilters(n.tb, "topo: link "+l.String(), l.id(), [2]*nstest.Fixture{l.ends[0].node.fixture, l.ends[1].node.fixture}).(linkFilters)
	}
	if !n.up {
		return nil
	}
	err := n.carryOut(l)
	l.hook()
	return err
}

// hook has the link's cable ask whoever is to say what becomes of frames.
func (l *Link) hook() {
	laid, is := l.impairer.(*cable.Cable)
	if !is {
		return
	}
	r, filters := l.record, l.filters
	switch {
	case r == nil && filters == nil:
	case r == nil:
		laid.SetHook(filters.Judge)
	default:
		laid.SetHook(func(f cable.Frame) cable.Verdict {
			v := r.see(l, f)
			if v.Drop || filters == nil {
				return v
			}
			return v.And(filters.Judge(f))
		})
	}
}
