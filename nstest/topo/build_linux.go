// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/denial"
	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// bridgeIndex is that of a switch's bridge, before those of its ports, and portGroup the device group of the ports (ip-link(8), group).
const (
	bridgeIndex = firstIndex - 1
	portGroup   = 0x706f7274 // nobody else's
)

// build has the kernel make the network.
func (n *Network) build() error {
	n.tb.Helper() // the line that called Up is that of a failure at the end
	n.names.Cleanup(n.tb, n.dismantle)
	if err := n.each(n.nodes, (*node).prepare); err != nil {
		return err
	}
	if err := n.eachOf(n.nodes, atOnce, (*node).applyPresets); err != nil {
		return err
	}
	if err := n.chooseImpairers(); err != nil {
		return err
	}
	// Making links takes a lock of the kernel, so that doing it in parallel gains nothing.
	for _, node := range n.nodes {
		if err := node.lay(); err != nil {
			return fmt.Errorf("%v %s: %w", node.kind, node.name, err)
		}
	}
	if err := n.impairLinks(); err != nil { // before they are up: changes of one that is take longer
		return err
	}
	g := &graph{network: n, joined: make(map[*end][]neighbour)}
	if !n.config.noRoutes {
		for _, t := range n.tables() {
			t.routes = g.routes(t)
		}
	}
	if err := n.each(n.nodes, (*node).configure); err != nil {
		return err
	}
	if err := n.each(n.nodes, (*node).attach); err != nil {
		return err
	}
	if err := inParallel(n.links, cablesAtOnce, (*Link).couple); err != nil {
		return err
	}
	if err := n.each(n.nodes, (*node).forward); err != nil {
		return err
	}
	if err := n.each(n.nodes, (*node).settle); err != nil {
		return err
	}
	return n.assign()
}

// prepare makes what does not depend on links.
func (n *node) prepare() (err error) {
	if n.conn, err = rtnl.Dial(n.fixture.Set()); err != nil {
		return err
	}
	for _, t := range n.tables[1:] {
		if err := n.conn.Do(rtnl.AddVRF(t.name, t.index, t.number)...); err != nil {
			return err
		}
	}
	switch n.kind {
	case isSwitch:
		// It has no address, and its ports are not to send packets of their own.
		if err := inside.Do(n.fixture.Set(), nssetup.DisableIPv6); err != nil {
			return err
		}
		return n.conn.Do(rtnl.AddBridge(bridgeName, bridgeIndex))
	case isHost:
		if n.external {
			return n.chooseNames()
		}
		return n.ignoreAdverts()
	case isRouter:
		return inside.Do(n.fixture.Set(), func() error {
			err := errors.Join(
				nssetup.SetSysctl("net/ipv4/ip_forward", "1"),
				nssetup.SetIPv6Sysctl("net/ipv6/conf/all/forwarding", "1"))
			if remedy := denial.Masks(procfs.Root).Remedy; errors.Is(err, syscall.EROFS) && remedy != "" {
				err = fmt.Errorf("forward packets: %w; try: %s", err, remedy)
			}
			return err
		})
	}
	return nil
}

// lay makes the links of which this node has the end that makes them.
func (n *node) lay() (err error) {
	var requests []rtnl.Request
	for _, e := range n.ends {
		if e.link.cabled || !e.makes() {
			continue
		}
		fds, failed := e.far.node.fixture.Set().Fds(set.NS_NET)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, fds.Close()) }()
		requests = append(requests, rtnl.AddVeth(e.spec(), e.far.spec(), int(fds.Get(set.NS_NET).Fd())))
	}
	return n.conn.Do(requests...)
}

// makes reports whether the link is made from this end: that of the node with more links, so
// that there are fewer sockets, or the first one.
func (e *end) makes() bool {
	mine, other := len(e.node.ends), len(e.far.node.ends)
	return mine > other || mine == other && e.link.ends[0] == e
}

func (e *end) spec() rtnl.End {
	return rtnl.End{Name: e.name, Index: e.index, MTU: e.link.config.mtu, MAC: e.mac, Group: e.group()}
}

// group is the device group of the interface.
func (e *end) group() uint32 {
	if e.node.kind == isSwitch {
		return portGroup
	}
	return 0
}

// configure gives the node all that it has of its own. A switch gets its ports later, see [node.attach].
func (n *node) configure() error {
	if n.kind == isSwitch {
		return nil
	}
	if err := n.hearAdverts(); err != nil {
		return err
	}
	var requests []rtnl.Request
	for _, e := range n.ends {
		if e.table.index != 0 { // before it has addresses, whose routes are to be in that table
			requests = append(requests, rtnl.SetMaster(e.name, e.index, e.table.index))
		}
		requests = append(requests, rtnl.SetUp(e.name, e.index, true))
	}
	for _, e := range n.ends {
		for _, p := range e.addresses {
			requests = append(requests, rtnl.AddAddress(e.name, e.index, p))
		}
	}
	for _, t := range n.tables {
		requests = append(requests, t.requests(nil)...)
	}
	return n.conn.Do(requests...)
}

// attach gives a switch its ports and switches these on, all by one request each, once all hosts have what is theirs. The host at the
// other end gets a carrier by that, whereupon the kernel's workers begin on what is to be done for it. They need the lock that
// requests need: port by port, the two would take it from each other hundreds of times (bench/README.md).
func (n *node) attach() error {
	if n.kind != isSwitch || len(n.ends) == 0 {
		return nil
	}
	const what = "the ports of " + bridgeName
	return n.conn.Do(rtnl.SetGroupMaster(what, portGroup, bridgeIndex), rtnl.SetGroupUp(what, portGroup))
}

// forward has a switch forward frames, once all nodes have what is theirs. A bridge that is down when it gets a port, and does not
// listen to what is said of multicast groups, has nothing to do for all the ports that it has already (net/bridge/br_stp.c,
// br_port_state_selection), nor do hosts get each other's first reports.
func (n *node) forward() error {
	if n.kind != isSwitch {
		return nil
	}
	return n.conn.Do(rtnl.SetUp(bridgeName, bridgeIndex, true), rtnl.SetSnooping(bridgeName, bridgeIndex))
}

// dismantle ends all that the network does, and gives back what is not its own. Links go with the namespaces of their nodes, for
// which no test waits. To delete those of 200 hosts first took a test 0.2 s, and the kernel was not ready sooner
// (bench/README.md).
func (n *Network) dismantle() error {
	errs := []error{n.services.end(), n.abortConnections(), n.closeImpairers(), n.release()}
	for _, node := range n.nodes {
		if node.conn != nil { // a namespace does not end while it has a socket
			node.conn.Close()
			node.conn = nil
		}
	}
	return errors.Join(errs...)
}

// settleTime is how long the kernel may take for what it does by itself, and settleEach how much longer for each link: kernels before
// Linux 6.8 have only a hundred interfaces or two come into operation in a second.
const (
	settleTime = 20 * time.Second
	settleEach = 20 * time.Millisecond
)

// settle waits until the node's interfaces and addresses are usable.
func (n *node) settle() error {
	want := rtnl.Expected{Running: make(map[int]string)}
	for _, e := range n.ends {
		if e.link.down {
			continue
		}
		want.Running[e.index] = fmt.Sprintf("%s (link %v)", e.name, e.link)
		for _, p := range e.addresses {
			if p.Addr().Is6() && !e.lost {
				want.Local = append(want.Local, p.Addr())
			}
		}
	}
	return n.conn.Settle(n.fixture.Set(), want, settleTime+time.Duration(len(n.network.links))*settleEach)
}

// requests turns the routes that were set before into those that are to be.
func (t *table) requests(before map[netip.Prefix][]netip.Addr) (requests []rtnl.Request) {
	for _, to := range sortedPrefixes(before) {
		if t.routes[to] == nil {
			requests = append(requests, rtnl.SetRoute(t.number, to, nil))
		}
	}
	for _, to := range sortedPrefixes(t.routes) {
		switch {
		case slices.Equal(before[to], t.routes[to]):
		case t.node.external && before[to] == nil:
			requests = append(requests, rtnl.AddRoute(t.number, to, t.routes[to]))
		default:
			requests = append(requests, rtnl.SetRoute(t.number, to, t.routes[to]))
		}
	}
	return requests
}

func sortedPrefixes(routes map[netip.Prefix][]netip.Addr) []netip.Prefix {
	return slices.SortedFunc(maps.Keys(routes), netip.Prefix.Compare)
}

// rebuild switches a link on or off, and has all nodes follow.
func (n *Network) rebuild(l *Link) error {
	for _, e := range l.ends {
		if err := e.switchTo(!l.down); err != nil {
			return fmt.Errorf("%v %s: %w", e.node.kind, e.node.name, err)
		}
	}
	if err := l.couple(); err != nil { // where the process is busy, the goroutine that follows them would come late
		return err
	}
	if !l.down {
		ends := []*node{l.ends[0].node, l.ends[1].node}
		if err := errors.Join(n.each(ends, (*node).settle), n.reassign()); err != nil {
			return err
		}
	}
	return n.reroute()
}

// switchTo switches an end on, with its addresses, or off.
func (e *end) switchTo(up bool) error {
	e.lost = e.lost || !up
	requests := []rtnl.Request{rtnl.SetUp(e.name, e.index, up)}
	if up && !e.asks() { // IPv6 addresses went with the link
		for _, p := range e.addresses {
			requests = append(requests, rtnl.AddAddress(e.name, e.index, p))
		}
	}
	if err := e.node.conn.Do(requests...); err != nil {
		return err
	}
	// The kernel has removed the routes over it.
	maps.DeleteFunc(e.table.routes, func(_ netip.Prefix, gateways []netip.Addr) bool {
		return slices.ContainsFunc(gateways, e.reachesAddr)
	})
	return nil
}

// reroute has all nodes' routes lead over the links that are up.
func (n *Network) reroute() error {
	if n.config.noRoutes {
		return nil
	}
	g := &graph{network: n, joined: make(map[*end][]neighbour)}
	before := make(map[*table]map[netip.Prefix][]netip.Addr)
	for _, t := range n.tables() { // in turn: the graph learns
		before[t], t.routes = t.routes, g.routes(t)
	}
	return n.each(n.nodes, func(node *node) error {
		if node.kind == isSwitch {
			return nil
		}
		var requests []rtnl.Request
		for _, t := range node.tables {
			requests = append(requests, t.requests(before[t])...)
		}
		return errors.Join(node.conn.Do(requests...), node.followUplink())
	})
}
