// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/setup"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// A Node is a [Host], a [Router] or a [Switch].
type Node interface {
	// Name returns what the node was called when it was made.
	Name() string
	node() *node
}

// A node is what all kinds of nodes are made of.
type node struct {
	self     Node
	network  *Network
	name     string
	kind     nodeKind
	config   nodeConfig
	region   *Region // nil for none
	fixture  *nstest.Fixture
	programs *nstest.Fixture // with the namespaces of programs besides, nil for none
	explains sync.Once       // has the HTTP client explain its errors
	ends     []*end
	external bool            // the fixture is not the network's own
	links    *netlink.Handle // of such a fixture

	conn    *rtnl.Conn // while the network is up
	tables  []*table   // the main one, and those of VRFs
	divided bool       // it has rules of a partition
	servers
	delegation *delegation
	uplinks    []*end          // in the order of preference, if the test has named them
	preferred  map[Family]*end // over which a node that was told of its routers has a route which counts before others
	planned    netip.Prefix    // that is to be delegated to a router
}

type nodeKind uint8

const (
	isHost nodeKind = iota
	isRouter
	isSwitch
)

func (k nodeKind) String() string { return [...]string{"host", "router", "switch"}[k] }

// A Host is a machine: a fixture with a network of its own, and one link or more. It does not
// forward packets.
type Host struct {
	*nstest.Fixture
	n *node
}

// A Router is a [Host] that forwards IPv4 and IPv6 packets between its links.
type Router struct{ Host }

// A Switch joins all nodes that are linked to it in one network, as a bridge does. It has no address.
type Switch struct {
	*nstest.Fixture
	n *node
}

func (h *Host) node() *node { return h.n }

// String is such as "host a Set(net:[4026532281] mnt:[4026532282])".
func (h *Host) String() string {
	if h == nil {
		return "<nil>"
	}
	return h.n.String()
}

// String is such as "switch s Set(net:[4026532281] mnt:[4026532282])".
func (s *Switch) String() string {
	if s == nil {
		return "<nil>"
	}
	return s.n.String()
}

func (n *node) String() string {
	if n == nil {
		return "a node of no network"
	}
	return fmt.Sprintf("%v %v", n.kind, n.fixture)
}

func (s *Switch) node() *node { return s.n }

// nodeOf returns what a node that the test gives is made of.
func nodeOf(of Node) (*node, error) {
	if v := reflect.ValueOf(of); of != nil && !(v.Kind() == reflect.Pointer && v.IsNil()) {
		if made := of.node(); made != nil {
			return made, nil
		}
	}
	return nil, errors.New("the node is nil")
}

// Host makes a host. Its name is that of its fixture, too, and resolves to its addresses.
func (n *Network) Host(name string, opts ...NodeOption) *Host {
	n.test().Helper()
	h := new(Host)
	h.n = n.add(h, name, isHost, opts)
	h.Fixture = h.n.fixture
	return h
}

// Router makes a router.
func (n *Network) Router(name string, opts ...NodeOption) *Router {
	n.test().Helper()
	r := new(Router)
	r.n = n.add(r, name, isRouter, opts)
	r.Fixture = r.n.fixture
	return r
}

const bridgeName = "br0"

// Switch makes a switch, a fixture with a bridge br0.
func (n *Network) Switch(name string, opts ...NodeOption) *Switch {
	n.test().Helper()
	s := new(Switch)
	s.n = n.add(s, name, isSwitch, opts)
	s.Fixture = s.n.fixture
	return s
}

func (n *Network) add(self Node, name string, kind nodeKind, opts []NodeOption) *node {
	n.tb.Helper()
	config := newNodeConfig(kind, opts)
	if err := errors.Join(n.checkNode(name), config.err); err != nil {
		n.fatal(fmt.Sprintf("make the %v %q", kind, name), err)
	}
	if config.divides() {
		nstest.RequireFeatures(n.tb, "nftables")
	}
	fixture := append([]nstest.Option{nstest.Named(name), nstest.Sharing(n.names, set.NS_MNT)}, config.fixture...)
	made := &node{self: self, network: n, name: name, kind: kind, config: config}
	made.table("")
	made.fixture = nstest.New(n.tb, set.NS_NET|set.NS_UTS|config.flags, fixture...)
	made.setHostName()
	for _, s := range config.sysctls {
		made.fixture.SetSysctl(s[0], s[1])
	}
	made.setClock()
	instance := lifecycle.Of(n.tb).Find(made.fixture.Set())
	instance.ExplainBy(n.notUp)
	n.report.Add(instance)
	n.nodes = append(n.nodes, made)
	if len(n.nodes) == manyNodes {
		n.names.Cleanup(n.tb, nssetup.Many())
	}
	return made
}

// manyNodes is from when on the settings of namespaces take a noticeable time, see [nssetup.Many].
const manyNodes = 32

// setHostName gives the node the host name. Podman's seccomp filter leaves that to those with CAP_SYS_ADMIN in the container.
func (n *node) setHostName() {
	setup.Optional("hostname", func() error {
		return inside.DoIn(n.fixture.Set(), set.NS_UTS, func() error {
			return os.NewSyscallError("sethostname", sys.SetHostname(n.name))
		})
	})
}

func (n *Network) checkNode(name string) error {
	if n.isUp() {
		return errUp
	}
	for _, other := range n.nodes {
		if strings.EqualFold(other.name, name) {
			return fmt.Errorf("there is a node of that name")
		}
	}
	return checkHostName(name)
}

// checkHostName makes sure that a name can stand in /etc/hosts (hosts(5), RFC 1123).
func checkHostName(name string) error {
	const most = 63
	if strings.EqualFold(name, "localhost") {
		return fmt.Errorf("that is every host's own name for itself")
	}
	letter := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	if name == "" || len(name) > most || strings.ContainsFunc(name, func(r rune) bool { return !letter(r) && r != '-' }) ||
		name[0] == '-' || name[len(name)-1] == '-' {
		return fmt.Errorf("a name has 1 to %d letters, digits and hyphens, and no hyphen at its ends", most)
	}
	return nil
}

// Addr4 returns the host's first IPv4 address, that of its first link that has one. If there is none, as behind [NAT64], the
// test fails.
func (h *Host) Addr4() netip.Addr {
	h.made().network.tb.Helper()
	return h.n.first("IPv4", netip.Addr.Is4)
}

// Addr6 returns the host's first IPv6 address, that of its first link that has one. If there is none, the test fails. On a
// machine without IPv6 (ipv6.disable=1) it is skipped.
func (h *Host) Addr6() netip.Addr {
	h.made().network.tb.Helper()
	return h.n.first("IPv6", netip.Addr.Is6)
}

// Addrs returns all the host's addresses, in the order of its links.
func (h *Host) Addrs() []netip.Addr {
	h.made().network.mu.Lock()
	defer h.n.network.mu.Unlock()
	return h.n.addrs()
}

func (n *node) first(kind string, family func(netip.Addr) bool) netip.Addr {
	n.network.tb.Helper()
	n.network.mu.Lock()
	up, addresses := n.network.up, n.addrs()
	n.network.mu.Unlock()
	for _, a := range addresses {
		if family(a) {
			return a
		}
	}
	err := errNotUp
	if up {
		if n.network.config.noIPv6 && kind == "IPv6" {
			nstest.RequireFeatures(n.network.tb, "ipv6")
		}
		err = fmt.Errorf("it has no %s address: it is not linked, or topo.Subnet chose none of that kind for its links", kind)
		if router := n.inside64(); router != nil && kind == "IPv4" {
			err = fmt.Errorf("it has no IPv4 address: inside of the NAT64 %s there is IPv6 alone, unless topo.Subnet chooses a network of IPv4, too: use Addr6",
				router.name)
		}
	}
	n.network.fatal("address of "+n.name, err)
	return netip.Addr{}
}

// inside64 returns a router that one of the node's links is inside of, by which IPv4 is reached from IPv6, or nil.
func (n *node) inside64() *node {
	for _, e := range n.ends {
		if router := e.segment.inside64(); router != nil {
			return router
		}
	}
	return nil
}

func (n *node) addrs() (list []netip.Addr) {
	for _, e := range n.ends {
		for _, p := range e.addresses {
			list = append(list, p.Addr())
		}
	}
	return list
}
