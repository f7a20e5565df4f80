// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// External makes a fixture that exists a host of the network: one that a test has furnished itself, a host of another
// network, or with [nstest.Here] that which the test is in.
//
//	nstest.Enter(t, gonso.NS_NET)
//	n := topo.New(t)
//	n.Link(n.External("here", nstest.Here(t)), n.Host("server"))
//
// It gets what the network needs and keeps all that it has: interfaces with names that are free, addresses of networks that it
// knows nothing of, and a route to each network and never one to everywhere. All of that is undone at the end. A route of its
// own to a network of this one is an error of Up. The names of the network lead to addresses in DialContext and HTTPClient of the
// Host; its programs go by the /etc/hosts that the fixture has.
func (n *Network) External(name string, f *nstest.Fixture) *Host {
	n.tb.Helper()
	h := new(Host)
	made := &node{self: h, network: n, name: name, kind: isHost, external: true, config: nodeConfig{kind: isHost}}
	err := n.checkNode(name)
	if err == nil {
		err = n.checkExternal(f)
	}
	if err != nil {
		n.fatal(fmt.Sprintf("make the external host %q", name), err)
	}
	made.fixture = f.For(n.tb)
	made.links = made.fixture.Netlink()
	h.n, h.Fixture = made, made.fixture
	n.nodes = append(n.nodes, made)
	return h
}

func (n *Network) checkExternal(f *nstest.Fixture) error {
	if f == nil {
		return errors.New("there is no fixture")
	}
	s := f.Set()
	if s.Flags()&set.NS_NET == 0 {
		return fmt.Errorf("the fixture %s has no net namespace, only %s", f.Name(), set.KindNames(s.Flags()))
	}
	if err := s.Do(func() {}); err != nil {
		return fmt.Errorf("the fixture %s: %w", f.Name(), err)
	}
	id, err := s.ID(set.NS_NET)
	if err != nil {
		return err
	}
	for _, other := range n.nodes {
		switch same, err := other.fixture.Set().ID(set.NS_NET); {
		case err != nil:
			return err
		case same == id:
			return fmt.Errorf("the fixture %s is the %v %s already", f.Name(), other.kind, other.name)
		}
	}
	return nil
}

// taken returns the networks that the node has to do with already.
func (n *node) taken() (list []netip.Prefix, err error) {
	if !n.external {
		return nil, nil
	}
	return n.present()
}
