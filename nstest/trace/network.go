// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracefile"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A network is what a recorder knows of its test's.
type network struct {
	*recorder

	over    atomic.Bool               // what happens from now on is of no interest
	looked  atomic.Bool               // at all that there was when the test failed
	looking atomic.Pointer[time.Time] // but this is, and was so then

	last atomic.Pointer[time.Time] // when a change was, the last one

	mu      sync.Mutex // guards what follows; no Watch is called with it held
	watches map[*lifecycle.Instance]*state.Watch
	sets    map[*lifecycle.Instance]set.Set
	names   map[string]string             // of nodes
	veths   map[string]map[int]state.Link // by node and index
	joined  map[tracedata.End]bool        // ends of links that are known
	err     error                         // of watches that have ended
}

func newNetwork(r *recorder) *network {
	return &network{
		recorder: r,
		watches:  make(map[*lifecycle.Instance]*state.Watch), sets: make(map[*lifecycle.Instance]set.Set),
		names: make(map[string]string), veths: make(map[string]map[int]state.Link), joined: make(map[tracedata.End]bool),
	}
}

// watch follows a fixture's network from now on.
func (n *network) watch(in *lifecycle.Instance) {
	id := in.Node()
	hasOwn := in.Own.Flags()&set.NS_NET != 0
	if hasOwn || in.Set.Flags()&set.NS_NET == 0 { // otherwise it is in that of another fixture
		n.file.Add(tracefile.Record{Node: &tracedata.Node{ID: id, Name: in.Name, Role: tracedata.Fixture, Namespaces: namespaces(in.Set)}})
	}
	if !hasOwn {
		return
	}
	n.mu.Lock()
	n.sets[in], n.names[id] = in.Own, in.Name
	n.mu.Unlock()
	w, err := state.WatchNetwork(in.Own, n.others, func(at time.Time, changes []tracedata.Change, links []state.Link) {
		for _, change := range changes {
			n.add(id, at, change)
		}
		n.learn(id, links)
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil {
		n.err = errors.Join(n.err, err)
		return
	}
	n.watches[in] = w
}

// namespaces are the names of a Set's.
func namespaces(s set.Set) map[string]string {
	names := make(map[string]string)
	for _, kind := range set.Kinds(s.Flags()) {
		if id, err := s.ID(kind); err == nil { // or else it is closed
			names[set.KindNames(kind)] = id
		}
	}
	return names
}

// others returns the Sets that links may lead to.
func (n *network) others() (all []set.Set) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.sets {
		all = append(all, s)
	}
	return all
}

// late is how much later something may be heard than it was: the page shows the network as it was when the test failed.
const late = 100 * time.Millisecond

// add adds a change of a node, unless it is one of many by which the network is taken down.
func (n *network) add(node string, at time.Time, change tracedata.Change) {
	then := n.looking.Load()
	switch {
	case then != nil || change.Initial:
	case n.isOver():
		return
	case n.hasEnded(): // in a failure, before anything was done about it: a watch is a little late
		failed := n.began.Add(time.Duration(n.failedAt()))
		then = &failed
	default:
		if failed := n.began.Add(time.Duration(n.failedAt())); at.After(failed) && at.Sub(failed) < late {
			then = &failed
		}
	}
	if then != nil {
		at = *then
		if last := n.last.Load(); last != nil && last.After(at) {
			at = *last
		}
	}
	n.last.Store(&at)
	text := strings.TrimSuffix(change.Section, "s") + " " + change.Text
	switch {
	case change.Section == "addresses":
		text = "address " + change.Text
	case change.Section == "processes":
		text = "process " + change.Text
	case change.Section == "nftables" || change.Section == "forwarding":
		text = change.Section + " " + change.Text
	}
	if change.Gone {
		text += " is gone"
	}
	n.file.Add(tracefile.Record{Event: &tracedata.Event{
		At: n.at(at), Lane: tracedata.NetworkLane, Kind: "change", Node: node, Text: text, Bad: change.Bad, Change: &change,
	}})
}

// learn looks for links that join fixtures, by what the ends of a veth know of each other.
func (n *network) learn(node string, links []state.Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	mine := make(map[int]state.Link)
	for _, l := range links {
		if l.Kind == "veth" && l.Below != 0 {
			mine[l.Index] = l
		}
	}
	n.veths[node] = mine
	for _, near := range mine {
		there, _, _ := strings.Cut(near.Where, ",") // it may be this process's
		if there == "" {
			there = node
		}
		far, ok := n.veths[there][near.Below]
		if !ok {
			continue
		}
		a, b := tracedata.End{Node: node, Interface: near.Name}, tracedata.End{Node: there, Interface: far.Name}
		if n.joined[a] || n.joined[b] {
			continue
		}
		n.joined[a], n.joined[b] = true, true
		if b.Node < a.Node {
			a, b = b, a
		}
		id := a.Node + "/" + a.Interface + "-" + b.Node + "/" + b.Interface
		n.file.Add(tracefile.Record{Link: &tracedata.Link{ID: id, Name: n.names[a.Node] + "-" + n.names[b.Node], A: a, B: b}})
	}
}

// declare notes a link that the test has made by a package which has told so.
func (n *network) declare(l *tracedata.Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.joined[l.A], n.joined[l.B] = true, true
}

// isOver reports whether the clean-ups of the test have begun. If it has failed, all is looked at before they do.
func (n *network) isOver() bool {
	return n.over.Load() || n.hasEnded() && (n.looked.Load() || !lifecycle.Failed(n.tb))
}

func (n *network) hasEnded() bool { return !lifecycle.IsGinkgo(n.tb) && n.tb.Context().Err() != nil }

// look has all that is watched looked at now, for what it was like at that time.
func (n *network) look(at time.Time) {
	n.looking.Store(&at)
	defer n.looking.Store(nil)
	defer n.looked.Store(true)
	n.mu.Lock()
	var watches []*state.Watch
	for _, w := range n.watches {
		watches = append(watches, w)
	}
	n.mu.Unlock()
	for _, w := range watches {
		_ = w.Look() // Close returns it
	}
}

// unwatch ends for fixtures that are about to be closed.
func (n *network) unwatch(instances []*lifecycle.Instance) {
	for _, in := range instances {
		n.mu.Lock()
		w := n.watches[in]
		delete(n.watches, in)
		delete(n.sets, in)
		n.mu.Unlock()
		if w == nil {
			continue
		}
		err := w.Close()
		n.mu.Lock()
		n.err = errors.Join(n.err, err)
		n.mu.Unlock()
	}
}

// close ends what is left, and returns what was not seen.
func (n *network) close() error {
	n.mu.Lock()
	var left []*lifecycle.Instance
	for in := range n.watches {
		left = append(left, in)
	}
	n.mu.Unlock()
	n.unwatch(left)
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}
