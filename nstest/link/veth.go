// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"fmt"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/option"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// Veth lays a cable between two fixtures, or within one, and returns its ends. Both are
// up, and called eth0 unless that name is taken or [Name] says otherwise. The option [Peer]
// says what is different at the far end.
func Veth(tb testing.TB, a, b *nstest.Fixture, opts ...Option) (near, far *Link) {
	lifecycle.NeedTest(tb, "link.Veth")
	tb.Helper()
	needFixture(tb, a, "make veth")
	needFixture(tb, b, "make veth")
	c := newConfig(opts)
	peer := *c
	peer.addresses, peer.mac, peer.master, peer.peer = nil, nil, nil, nil
	if a == b {
		peer.name = "" // one name is enough for one end
	}
	if err := option.Apply(&peer, c.peer); err != nil {
		c.err = errors.Join(c.err, fmt.Errorf("Peer: %w", err))
	}
	near = &Link{tb: tb, fixture: a, kind: "veth"}
	far = &Link{tb: tb, fixture: b, kind: "veth"}
	if c.in != nil || peer.in != nil {
		tb.Fatalf("link: make veth between %s and %s: link.In is for links that sit on another one", a.Name(), b.Name())
	}
	near.check(c)
	far.check(&peer)
	near.group = near.undoAtEnd()
	far.group = far.undoAtEnd()
	near.pair(far, c, &peer)
	near.finish(c)
	far.finish(&peer)
	return near, far
}

// pair makes both ends by one request.
func (l *Link) pair(far *Link, c, peer *config) {
	l.tb.Helper()
	naming.Lock()
	defer naming.Unlock()
	l.choose(c, "")
	except := ""
	if far.fixture == l.fixture {
		except = l.name
	}
	far.choose(peer, except)
	err := addVeth(l, far, c, peer)
	l.made(err)
	far.made(err)
	if !peer.down {
		far.Up()
	}
}

// addVeth makes both ends, each in its place, by one request. The far one is down: the kernel
// does not open it before the near one is there (drivers/net/veth.c, veth_open: ENOTCONN).
func addVeth(near, far *Link, c, peer *config) error {
	fds, err := netnsOf(far.fixture)
	if err != nil {
		return err
	}
	defer fds.Close()
	spec := &netlink.Veth{
		PeerName:         far.name,
		PeerMTU:          uint32(peer.mtu),
		PeerHardwareAddr: peer.mac,
		PeerTxQLen:       -1,
		PeerNamespace:    netlink.NsFd(fds.Get(set.NS_NET).Fd()),
	}
	c.apply(spec.Attrs())
	spec.Attrs().Name, spec.Attrs().Group = near.name, near.group
	return near.orWithoutMTU(near.fixture.Netlink().LinkAdd(spec), []int{c.mtu, peer.mtu}, func() error {
		spec.MTU, spec.PeerMTU = 0, 0
		return near.fixture.Netlink().LinkAdd(spec)
	})
}
