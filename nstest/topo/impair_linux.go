// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"fmt"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
)

// A netem has the kernel impair a link: each end treats what it sends.
type netem struct{ ends [2]*end }

var _ impair.Impairer = (*netem)(nil)

func (m *netem) Set(d impair.Direction, r impair.Rules, seed uint64) error {
	e := m.ends[d]
	if err := e.node.conn.Do(rtnl.SetNetem(e.name, e.index, e.mtu(), r, seed)...); err != nil {
		return fmt.Errorf("%v %s: %w", e.node.kind, e.node.name, err)
	}
	return nil
}

// Close has nothing to do: netem goes with its interface.
func (m *netem) Close() error { return nil }

// needImpairer ends the test if there is nothing to carry out the link's rules.
func (n *Network) needImpairer(l *Link) {
	n.tb.Helper()
	if l.impaired() {
		nstest.Require(n.tb, "netem")
	}
}

func (l *Link) impaired() bool { return l.rules != [2]impair.Rules{} }

// impairLinks carries out the rules that links begin with.
func (n *Network) impairLinks() error {
	for _, l := range n.links {
		if err := n.carryOut(l); err != nil {
			return fmt.Errorf("link %v, %s: %w", l, l.impairmentText(), err)
		}
	}
	return nil
}

// carryOut has the link's rules, which have changed, carried out. It is called with the lock held, or by Up.
func (n *Network) carryOut(l *Link) error {
	if l.impairer == nil {
		if !l.impaired() {
			return nil
		}
		l.impairer = &netem{l.ends}
	}
	for i, r := range l.rules {
		if r == l.carried[i] {
			continue
		}
		n.random = n.random || r.Random()
		if err := l.impairer.Set(impair.Direction(i), r, l.seedFor(impair.Direction(i))); err != nil {
			return err
		}
		l.carried[i] = r
	}
	l.changes++
	return nil
}
