// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

// A Region is a part of the world that nodes are in. How long frames take from one region to another is set
// by [Network.RegionDelay].
type Region struct {
	network *Network
	name    string
}

// Region makes a region.
//
//	eu, us := n.Region("eu"), n.Region("us")
//	n.RegionDelay(eu, us, 40*time.Millisecond)
//	n.Link(eu.Router("frankfurt"), us.Router("ashburn"))
func (n *Network) Region(name string) *Region {
	n.test().Helper()
	if err := n.checkRegion(name); err != nil {
		n.fatal(fmt.Sprintf("make the region %q", name), err)
	}
	r := &Region{n, name}
	n.regions = append(n.regions, r)
	return r
}

func (n *Network) checkRegion(name string) error {
	if n.isUp() {
		return errUp
	}
	for _, other := range n.regions {
		if other.name == name {
			return errors.New("there is a region of that name")
		}
	}
	return checkHostName(name)
}

// Name returns what the region was called when it was made.
func (r *Region) Name() string { return r.name }

// String is such as "region eu".
func (r *Region) String() string {
	if r == nil {
		return "<nil>"
	}
	return "region " + r.name
}

// Host makes a host in the region, see [Network.Host].
func (r *Region) Host(name string, opts ...NodeOption) *Host {
	r.network.tb.Helper()
	h := r.network.Host(name, opts...)
	h.n.region = r
	return h
}

// Router makes a router in the region, see [Network.Router].
func (r *Region) Router(name string, opts ...NodeOption) *Router {
	r.network.tb.Helper()
	router := r.network.Router(name, opts...)
	router.n.region = r
	return router
}

// Switch makes a switch in the region, see [Network.Switch].
func (r *Region) Switch(name string, opts ...NodeOption) *Switch {
	r.network.tb.Helper()
	s := r.network.Switch(name, opts...)
	s.n.region = r
	return s
}

// RegionDelay sets the [Delay] of the links between two regions, in both directions, or of those in one region
// if both are the same. It applies to links that are made later and have no Delay of their own. If it is not
// set, it is 0.
func (n *Network) RegionDelay(a, b *Region, d time.Duration) {
	n.test().Helper()
	if a == nil || b == nil {
		n.fatal("delay between two regions", errors.New("one of them is nil"))
	}
	what := fmt.Sprintf("delay between the regions %s and %s", a.name, b.name)
	if a.network != n || b.network != n {
		n.fatal(what, errors.New("they are not both of this network"))
	}
	if err := (impair.Rules{Delay: d}).Check(); err != nil {
		n.fatal(what, err)
	}
	for _, l := range n.links {
		if from, to := l.ends[0].node.region, l.ends[1].node.region; from == a && to == b || from == b && to == a {
			n.fatal(what, fmt.Errorf("there is a link between them, %v: set the delay first", l))
		}
	}
	if n.delays == nil {
		n.delays = make(map[[2]*Region]time.Duration)
	}
	n.delays[[2]*Region{a, b}], n.delays[[2]*Region{b, a}] = d, d
}

// regionDelay is the delay that a link begins with.
func (l *Link) regionDelay() time.Duration {
	return l.network.delays[[2]*Region{l.ends[0].node.region, l.ends[1].node.region}]
}
