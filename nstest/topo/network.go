// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/option"
	_ "github.com/seed-1bc5c4a2/gonso/nstest/trace" // captures and traces, if a variable asks for them
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A Network is a set of nodes and the links between them. It is made by one goroutine, and may
// be changed by any once it is up. What fails in one of its methods ends the test, at the
// caller's line.
type Network struct {
	tb     testing.TB
	config config
	names  *nstest.Fixture // the mount namespace that all nodes share

	nodes   []*node
	report  lifecycle.Report // of the nodes, if the test fails
	links   []*Link
	regions []*Region
	delays  map[[2]*Region]time.Duration

	mu       sync.Mutex // guards what follows, and the state of nodes and links
	up       bool
	upAt     time.Time
	segments []*segment
	division division
	events   []event
	schedule schedule
	random   bool // links have made random decisions
	services services
}

// An Option changes what a network is like.
type Option func(*config)

type config struct {
	noRoutes bool
	ecmp     bool
	seed     uint64
	seeded   bool    // by the test
	noIPv6   bool    // the machine has none
	cables   bool    // the kernel's netem is not to be used
	record   *record // of all frames, nil for none; all links are cables then

	addressTime time.Duration // if it is not the usual one
}

// NoRoutes leaves out all routes but those to the networks that a node is in. It is for tests
// that bring their own routing daemon.
func NoRoutes() Option { return func(c *config) { c.noRoutes = true } }

// ECMP makes routes use all shortest paths, if there are several, instead of the first one. The kernel then
// chooses a path for each connection (ip-route(8), nexthop).
func ECMP() Option { return func(c *config) { c.ecmp = true } }

// New begins a network, which ends with the test.
func New(tb testing.TB, opts ...Option) *Network {
	lifecycle.NeedTest(tb, "topo.New")
	tb.Helper()
	n := &Network{tb: tb}
	if err := errors.Join(option.Apply(&n.config, opts), n.config.chooseSeed()); err != nil {
		n.fatal("new", err)
	}
	asked.expect(tb.Name())
	n.names = nstest.New(tb, set.NS_MNT, nstest.Named("names"))
	lifecycle.Of(tb).Find(n.names.Set()).Silence()
	n.setResolver()
	tb.Cleanup(n.missUp) // from here, since in Ginkgo Up may be called in another spec than At
	return n
}

// Nodes returns the nodes in the order in which they were made.
func (n *Network) Nodes() []Node {
	nodes := make([]Node, len(n.nodes))
	for i, node := range n.nodes {
		nodes[i] = node.self
	}
	return nodes
}

// Links returns the links in the order in which they were made.
func (n *Network) Links() []*Link { return slices.Clone(n.links) }

// Link joins two nodes by a cable with an interface at each end, called eth0 for a node's
// first one.
func (n *Network) Link(a, b Node, opts ...LinkOption) *Link {
	n.test().Helper()
	l := &Link{network: n, number: len(n.links), ends: [2]*end{{node: n.mustBe(a)}, {node: n.mustBe(b)}}}
	for i, e := range l.ends {
		e.link, e.far = l, l.ends[1-i]
	}
	for i, opt := range opts {
		if opt == nil {
			l.config.err = errors.Join(l.config.err, option.Nil(i))
			continue
		}
		opt.apply(&l.config)
	}
	if err := n.checkLink(l); err != nil {
		n.fatal(fmt.Sprintf("link %s to %s", l.ends[0].node.name, l.ends[1].node.name), err)
	}
	l.needVRFs()
	for _, e := range l.ends {
		e.index = firstIndex + len(e.node.ends)
		e.name = fmt.Sprintf("eth%d", len(e.node.ends))
		e.node.ends = append(e.node.ends, e)
		e.table = e.node.table(l.config.vrfs[e.node])
		e.table.ends = append(e.table.ends, e)
	}
	l.parallel = l.ends[0].parallels() - 1
	n.links = append(n.links, l)
	return l
}

// parallels returns how many links join the two nodes, this one included. Nodes with many links have neighbours with few.
func (e *end) parallels() (count int) {
	if len(e.far.node.ends) < len(e.node.ends) {
		e = e.far
	}
	for _, other := range e.node.ends {
		if other.far.node == e.far.node {
			count++
		}
	}
	return count
}

// mustBe returns what a node is made of.
func (n *Network) mustBe(of Node) *node {
	n.tb.Helper()
	made, err := nodeOf(of)
	if err != nil {
		n.fatal("link", errors.New("one of the nodes is nil"))
	}
	return made
}

// String is such as "network of 3 nodes and 2 links".
func (n *Network) String() string {
	if n == nil {
		return "<nil>"
	}
	return fmt.Sprintf("network of %d nodes and %d links", len(n.nodes), len(n.links))
}

// firstIndex is that of a node's first interface. Some kernels put interfaces of their own into a
// new network namespace (sysctl net.core.fb_tunnels_only_for_init_net), with low numbers.
const firstIndex = 100

func (n *Network) checkLink(l *Link) error {
	for _, e := range l.ends {
		if e.node.network != n {
			return fmt.Errorf("%s is a node of another network", e.node.name)
		}
	}
	switch {
	case n.isUp():
		return errUp
	case l.ends[0].node == l.ends[1].node:
		return fmt.Errorf("a link takes two nodes")
	}
	return errors.Join(l.config.err, l.begin(), l.checkOutside(), l.checkChosen(), l.checkVRFs())
}

var (
	errUp    = errors.New("the network is up already: call Up once, after all nodes and links are made")
	errNotUp = errors.New("the network is not up: call Up first")
	errEnded = errors.New("the network has ended with its test: register a clean-up that changes it after Up, so that it runs before")
)

func (n *Network) isUp() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.up
}

// notUp returns why nothing in the network's namespaces can be reached yet.
func (n *Network) notUp() error {
	if n.isUp() {
		return nil
	}
	return errNotUp
}

// usable returns why the network cannot be changed, or asked about its links. It is called with the lock held.
func (n *Network) usable() error {
	switch {
	case !n.up:
		return errNotUp
	case n.schedule.ended:
		return errEnded
	}
	return nil
}

func (n *Network) fatal(what string, err error) {
	n.tb.Helper()
	if n.isPlanned() {
		panic(plannedFailure(fmt.Sprintf("%s: %v", what, err)))
	}
	if errors.Is(err, errEnded) && (lifecycle.IsGinkgo(n.tb) || !lifecycle.Fail(n.tb)) {
		for _, node := range n.nodes {
			node.fixture.ID(set.NS_NET) // the fixture says whose it was to a test that has not ended, or to nobody
		}
	}
	n.tb.Fatalf("topo: %s: %v", what, err)
}
