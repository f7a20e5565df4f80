// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// External makes a host of an existing fixture: of one that the test has set up itself, of a host of another
// network, or, by [nstest.Here], of the one that the test runs in.
//
//	nstest.Enter(t, gonso.NS_NET)
//	n := topo.New(t)
//	n.Link(n.External("here", nstest.Here(t)), n.Host("server"))
//
// The fixture keeps all that it has. It gets interfaces with unused names, addresses in networks that it does
// not use yet, and a route to each network of this one, but no default route. All of that is removed at the
// end. If the fixture has a route of its own to a network of this one, Up fails. DialContext and HTTPClient of
// the Host know the names of the network; its programs use the /etc/hosts of the fixture.
func (n *Network) External(name string, f *nstest.Fixture) *Host {
	n.test().Helper()
	h := new(Host)
	made := &node{self: h, network: n, name: name, kind: isHost, external: true, config: nodeConfig{kind: isHost}}
	made.table("")
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
	n.tb.Helper()
	if f == nil {
		return errors.New("there is no fixture")
	}
	s := f.Set()
	if s.Flags()&set.NS_NET == 0 {
		return fmt.Errorf("the fixture %s has no net namespace, only %s", f.Name(), set.KindNames(s.Flags()))
	}
	f.For(n.tb).ID(set.NS_NET) // of one that is used too late, says whose it was
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
