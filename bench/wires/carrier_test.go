// SPDX-License-Identifier: Apache-2.0

package wires

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
	"github.com/vishvananda/netlink"
)

// kinds are what joins two fixtures. The first one is what the others are compared with.
var kinds = []struct {
	name string
	join func(t *testing.T, one, two *nstest.Fixture)
}{
	{"veth", func(t *testing.T, one, two *nstest.Fixture) { link.Veth(t, one, two) }},
	{netem, func(t *testing.T, one, two *nstest.Fixture) { addNetem(t, one, two) }},
	{plainWire, func(t *testing.T, one, two *nstest.Fixture) { wire.Join(t, one, two) }},
	{"wire, 1 filter", func(t *testing.T, one, two *nstest.Fixture) { AddFilters(wire.Join(t, one, two), 1) }},
	{"wire, 10 filters", func(t *testing.T, one, two *nstest.Fixture) { AddFilters(wire.Join(t, one, two), 10) }},
}

const netem, plainWire = "veth + netem", "wire"

// addNetem has both ends of a veth do what `tc qdisc add dev eth0 root netem` does: nothing, to each frame.
func addNetem(t *testing.T, one, two *nstest.Fixture) {
	link.Veth(t, one, two)
	for _, f := range []*nstest.Fixture{one, two} {
		f.Do(func() {
			eth0, err := netlink.LinkByName("eth0")
			check(t, err)
			check(t, netlink.QdiscAdd(netlink.NewNetem(netlink.QdiscAttrs{
				LinkIndex: eth0.Attrs().Index, Parent: netlink.HANDLE_ROOT, Handle: netlink.MakeHandle(1, 0),
			}, netlink.NetemQdiscAttrs{})))
		})
	}
}

// A carrier carries datagrams of one size, from a sender to a receiver that takes them as they come.
type carrier struct {
	kind     string
	to       *net.UDPConn
	from     net.Conn
	payload  []byte
	received atomic.Int64
	last     atomic.Pointer[time.Time] // when the last one was received
	arrived  chan time.Time            // of who waits for each datagram
	waits    atomic.Bool

	frames, spent figure          // of all turns in which it sends as fast as it can
	delays        []time.Duration // of all datagrams that were alone
}

// A figure is what was counted in some time.
type figure struct {
	count int64
	time  time.Duration
}

// carriersOf makes one carrier of each kind that there is here, for frames of a size.
func carriersOf(t *testing.T, size int) (list []*carrier) {
	const headers = 14 + 20 + 8 // Ethernet, IPv4, UDP
	for i, k := range kinds {
		if k.name == netem && probe.Named("netem").OK != probe.Yes {
			continue
		}
		one, two := nstest.New(t, gonso.NS_NET), nstest.New(t, gonso.NS_NET)
		k.join(t, one, two)
		near, far := netip.AddrFrom4([4]byte{10, byte(i), 0, 1}), netip.AddrFrom4([4]byte{10, byte(i), 0, 2})
		one.AddAddress("eth0", near.String()+"/24")
		two.AddAddress("eth0", far.String()+"/24")
		to := two.ListenPacket("udp4", far.String()+":0").(*net.UDPConn)
		from, err := one.DialContext(t.Context(), "udp4", to.LocalAddr().String())
		check(t, err)
		t.Cleanup(func() { check(t, from.Close()) })
		c := &carrier{kind: k.name, to: to, from: from, payload: make([]byte, size-headers), arrived: make(chan time.Time, 1)}
		var receiving sync.WaitGroup
		receiving.Go(c.receive)
		t.Cleanup(func() {
			check(t, to.Close())
			receiving.Wait()
		})
		list = append(list, c)
	}
	return list
}

// receive takes datagrams in until the socket is closed.
func (c *carrier) receive() {
	buf := make([]byte, 1<<16)
	for {
		_, _, err := c.to.ReadFromUDPAddrPort(buf)
		now := time.Now()
		if err != nil {
			return
		}
		c.last.Store(&now)
		c.received.Add(1)
		if c.waits.Load() {
			c.arrived <- now
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(fmt.Errorf("wires: %w", err))
	}
}
