// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"fmt"
	"strconv"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/journal"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// tellNetwork tells the journal what the network is made of.
func (n *Network) tellNetwork() {
	if !journal.Listening() {
		return
	}
	roles := map[nodeKind]tracedata.Role{isHost: tracedata.Host, isRouter: tracedata.Router, isSwitch: tracedata.Switch}
	for _, node := range n.nodes {
		namespaces := make(map[string]string)
		s := node.fixture.Set()
		for _, kind := range set.Kinds(s.Flags()) {
			if id, err := s.ID(kind); err == nil { // or else it is closed, and says so soon
				namespaces[set.KindNames(kind)] = id
			}
		}
		journal.AddNode(n.tb, tracedata.Node{ID: node.id(), Name: node.name, Role: roles[node.kind], Namespaces: namespaces})
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range n.links {
		journal.AddLink(n.tb, tracedata.Link{ID: l.id(), Name: l.String(), A: l.ends[0].place(), B: l.ends[1].place()})
		if l.impaired() {
			n.tell("the link "+l.String()+" begins: "+l.impairmentText(), l)
		}
	}
	journal.AddSeed(n.tb, strconv.FormatUint(n.config.seed, 10))
}

// tell tells the journal what is done to the network, and to one of its links, if it is one. It is called with the lock held.
func (n *Network) tell(what string, l *Link) {
	if !journal.Listening() {
		return
	}
	event := tracedata.Event{Lane: tracedata.FaultLane, Kind: "fault", Text: what, Where: callsite.PlaceOutside(thisPackage)}
	if l != nil {
		event.Link, event.Condition = l.id(), l.condition()
	}
	journal.Add(n.tb, event)
}

// condition is what the link does to frames.
func (l *Link) condition() *tracedata.Condition {
	c := &tracedata.Condition{Up: !l.down, Bad: l.down}
	if l.impaired() {
		c.Text = l.impairmentText()
	}
	for _, r := range l.rules {
		c.Bad = c.Bad || r.Loss > 0 || r.Corrupt > 0
	}
	return c
}

// id names the node in a trace, as its fixture does.
func (n *node) id() string {
	id, err := n.fixture.Set().ID(set.NS_NET)
	if err != nil {
		return n.name
	}
	return id
}

func (l *Link) id() string {
	a, b := l.ends[0], l.ends[1]
	return fmt.Sprintf("%s/%s-%s/%s", a.node.name, a.name, b.node.name, b.name)
}

// place is the end in a trace.
func (e *end) place() tracedata.End { return tracedata.End{Node: e.node.id(), Interface: e.name} }
