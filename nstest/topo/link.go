// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
)

// A Link is a cable between two nodes.
type Link struct {
	network  *Network
	number   int // in the order in which they were made
	parallel int // how many before it join the same nodes
	segment  *segment
	ends     [2]*end
	config   linkConfig
	delays   [2]time.Duration // by which routes are found

	down     bool            // guarded by the network's lock, as is what follows
	rules    [2]impair.Rules // for what each of the ends sends
	impairer impair.Impairer // nil while the link is plain
	cabled   bool            // the impairer is a cable, which the interfaces belong to
	told     [2]impair.Rules // to the impairer
	changes  int             // of the rules
	filters  linkFilters     // nil if there never was one; the link is a cable then
	record   *record         // of its frames, or nil
}

// An end is a node's interface for a link.
type end struct {
	node      *node
	link      *Link
	far       *end
	table     *table // nil before the link is made
	name      string
	index     int
	segment   *segment // nil at a switch
	addresses []netip.Prefix
	before    Counters // of an interface that this one has replaced
	dynamicEnd
}

// A LinkOption changes what a link is like.
type LinkOption interface{ apply(*linkConfig) }

type linkOption func(*linkConfig)

func (o linkOption) apply(c *linkConfig) { o(c) }

type linkConfig struct {
	chosen
	cost        int
	mtu         int
	impairments []Impairment
	outside     []*node // of which it leads outside
	vrfs        map[*node]string
	err         error
}

// Cost sets the cost of the link: routes lead over the path with the least cost in sum. A link for which it is
// not set costs 1, and 1 more for each millisecond of the [Delay] that it has when Up is called.
func Cost(cost int) LinkOption {
	return linkOption(func(c *linkConfig) {
		c.cost = cost
		if cost < 1 || cost > maxCost {
			c.err = errors.Join(c.err, fmt.Errorf("a cost of %d: it must be 1 to %d", cost, maxCost))
		}
	})
}

const maxCost = 1 << 24

// MTU sets the size in bytes of the largest packet that passes, 1500 if it is not set. IPv6 needs at least 1280
// (RFC 8200).
func MTU(bytes int) LinkOption {
	return linkOption(func(c *linkConfig) {
		c.mtu = bytes
		if bytes < minMTU || bytes > maxMTU {
			c.err = errors.Join(c.err, fmt.Errorf("an MTU of %d: it must be %d to %d", bytes, minMTU, maxMTU))
		}
	})
}

const minMTU, usualMTU, maxMTU = 1280, 1500, 65535

// mtu is that of the link's interfaces.
func (e *end) mtu() int {
	if e.link.config.mtu > 0 {
		return e.link.config.mtu
	}
	return usualMTU
}

// String is such as "client-west", or "client-west#2" for a second link between the two.
func (l *Link) String() string {
	if l == nil {
		return "<nil>"
	}
	text := l.ends[0].node.name + "-" + l.ends[1].node.name
	if l.parallel > 0 {
		text += l.ordinal()
	}
	return text
}

// ordinal tells links between the same nodes apart.
func (l *Link) ordinal() string { return fmt.Sprintf("#%d", l.parallel+1) }

// cost is what the routes count, for packets that leave from an end, in thousandths of a [Cost].
func (e *end) cost() int {
	const unit = 1000
	if e.link.config.cost > 0 {
		return e.link.config.cost * unit
	}
	return unit + int(e.link.delays[e.side()]/time.Microsecond)
}

// side is 0 for a link's first end, and 1 for its second one.
func (e *end) side() int {
	if e.link.ends[0] == e {
		return 0
	}
	return 1
}

// End returns the interface of one of the two nodes.
func (l *Link) End(of Node) *link.Link {
	l.in().tb.Helper()
	if !l.network.isUp() {
		l.network.fatal("end of "+l.String(), errNotUp)
	}
	e, err := l.end(of)
	if err != nil {
		l.network.fatal("end of "+l.String(), err)
	}
	found, err := e.node.fixture.Netlink().LinkByIndex(e.index) // whose name the test may have changed
	if err != nil {
		l.network.fatal("end of "+l.String(), fmt.Errorf("%s of %s: %w", e.name, e.node.name, err))
	}
	return link.Find(l.network.tb, e.node.fixture, found.Attrs().Name)
}

// end returns the end that one of the two nodes has.
func (l *Link) end(of Node) (*end, error) {
	node, err := nodeOf(of)
	if err != nil {
		return nil, err
	}
	for _, e := range l.ends {
		if e.node == node {
			return e, nil
		}
	}
	return nil, fmt.Errorf("%s is not one of its nodes", node.name)
}

// Nodes returns the nodes that the link joins.
func (l *Link) Nodes() (a, b Node) { return l.ends[0].node.self, l.ends[1].node.self }
