// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/seed-1bc5c4a2/gonso/set"
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

// netemFits reports whether the kernel can do all that the link is to do, so that the same seed has the same losses.
// Everything else takes a cable.
func (l *Link) netemFits() (bool, error) {
	rules := l.rules
	if l.network.config.cables || l.filters != nil || !rtnl.NetemFits(rules[0]) || !rtnl.NetemFits(rules[1]) || probe.Named("netem").OK != probe.Yes {
		return false, nil
	}
	if !rules[0].Random() && !rules[1].Random() {
		return true, nil
	}
	return netemHasSeed()
}

// netemHasSeed tries whether the kernel's netem takes a seed, as it does since Linux 6.6.
var netemHasSeed = sync.OnceValues(func() (has bool, err error) {
	s, err := set.Unshare(set.NS_NET)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	conn, err := rtnl.Dial(s)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	const lo, index, mtu, seed = "lo", 1, usualMTU, 7
	if err := conn.Do(rtnl.SetNetem(lo, index, mtu, impair.Rules{}, seed)...); err != nil {
		return false, err
	}
	got, has, err := conn.NetemSeed(index)
	return has && got == seed, err
})

// chooseImpairers decides which links are to be cables, before any is made.
func (n *Network) chooseImpairers() error {
	for _, l := range n.links {
		if !l.impaired() && len(l.config.impairments) == 0 && n.config.record == nil && l.filters == nil {
			continue
		}
		fits, err := l.netemFits()
		if err != nil {
			return fmt.Errorf("netem for the link %v: %w", l, err)
		}
		l.cabled = !fits
		if fits {
			l.impairer = &netem{l.ends}
		}
	}
	return nil
}

// impairLinks lays cables, and has rules that links begin with carried out.
func (n *Network) impairLinks() error {
	err := inParallel(n.links, cablesAtOnce, func(l *Link) error {
		if !l.cabled {
			return nil
		}
		c, err := cable.Lay(l.cableEnds())
		if err != nil {
			return fmt.Errorf("link %v: %w", l, err)
		}
		l.impairer = c
		l.hook()
		return nil
	})
	if err != nil {
		return err
	}
	for _, l := range n.links {
		if l.impairer == nil {
			continue
		}
		if err := l.tell(); err != nil {
			return fmt.Errorf("link %v, %s: %w", l, l.impairmentText(), err)
		}
	}
	return nil
}

// couple has the carriers of a cable be as those of a veth, where each end has one if the other one is on, too.
func (l *Link) couple() error {
	c, is := l.impairer.(*cable.Cable)
	if !is {
		return nil
	}
	if err := c.Couple(); err != nil {
		return fmt.Errorf("link %v: %w", l, err)
	}
	return nil
}

// cablesAtOnce is how many cables are made or ended at a time: each waits most of the time for all of the machine's processors to
// have seen that (net/packet/af_packet.c, synchronize_net).
const cablesAtOnce = 64

func (l *Link) cableEnds() (ends [2]cable.End) {
	for i, e := range l.ends {
		ends[i] = cable.End{Set: e.node.fixture.Set(), Name: e.name, Index: e.index, MTU: l.config.mtu, Group: e.group()}
	}
	return ends
}

// carryOut has the link's rules, which have changed, carried out. It is called with the lock held.
func (n *Network) carryOut(l *Link) error {
	if l.cabled {
		return l.tell()
	}
	fits, err := l.netemFits()
	switch {
	case err != nil:
		return err
	case !fits:
		err = n.replaceByCable(l)
	case l.impairer == nil:
		l.impairer = &netem{l.ends}
	}
	if err != nil {
		return err
	}
	return l.tell()
}

// tell has the impairer know what it is to do.
func (l *Link) tell() error {
	for i, r := range l.rules {
		if r == l.told[i] {
			continue
		}
		l.network.random = l.network.random || r.Random()
		if err := l.impairer.Set(impair.Direction(i), r, l.seedFor(impair.Direction(i))); err != nil {
			return err
		}
		l.told[i] = r
	}
	l.changes++
	return nil
}

// closeImpairers ends what does not end with its interfaces.
func (n *Network) closeImpairers() error {
	return inParallel(n.links, cablesAtOnce, func(l *Link) error {
		if l.impairer == nil {
			return nil
		}
		defer func() { l.impairer = nil }()
		return l.impairer.Close()
	})
}
