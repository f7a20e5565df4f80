// SPDX-License-Identifier: Apache-2.0

package programs_test

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/vishvananda/netlink"
)

// birdConf has bird speak Babel (RFC 8966) on all links, with hellos in quick succession.
const birdConf = `
router id %[2]s;
log stderr all;
protocol device {}
protocol direct { ipv4; }
protocol kernel {
	ipv4 { export where source = RTS_BABEL; };
}
protocol babel {
	ipv4 { export where source ~ [RTS_DEVICE, RTS_BABEL]; };
	interface "eth*" { type wired; hello interval 200 ms; update interval 800 ms; };
}
`

// A ring of three routers, each with a routing daemon: there are two ways from west to south.
func TestBirdFindsAnotherWay(t *testing.T) {
	t.Parallel()
	need.Tool(t, "bird", "bird2")
	g := NewWithT(t)
	g.SetDefaultEventuallyTimeout(30 * time.Second)
	n := topo.New(t, topo.NoRoutes())
	client, server := n.Host("client"), n.Host("server")
	west, east, south := n.Router("west"), n.Router("east"), n.Router("south")
	n.Link(client, west)
	n.Link(server, south)
	direct := n.Link(west, south, topo.Perfect()) // which keeps the daemons' memberships in a multicast group when it is set
	detour := n.Link(west, east)
	n.Link(east, south)
	n.Up()
	for host, router := range map[*topo.Host]*topo.Router{client: west, server: south} {
		g.Expect(host.Netlink().RouteAdd(&netlink.Route{Gw: router.Addr4().AsSlice()})).To(Succeed())
	}
	for i, router := range []*topo.Router{west, east, south} {
		conf := write(t, "bird.conf", birdConf, fmt.Sprintf("192.0.2.%d", i+1))
		router.Start(router.Command("bird", "-f", "-c", conf, "-s", conf+".ctl"), nstest.Printing("Started"))
	}
	way := func() (string, error) { return device(west, server.Addr4()) }
	answers := nstest.Reach(server.Addr4().String())

	g.Eventually(way).Should(Equal(direct.End(west).Name()))
	g.Eventually(client).Should(answers)

	// Nobody tells the daemons: they miss each other's hellos.
	direct.Set(topo.Loss(1))
	g.Eventually(way).Should(Equal(detour.End(west).Name()))
	g.Eventually(client).Should(answers)

	direct.Set(topo.Perfect())
	g.Eventually(way).Should(Equal(direct.End(west).Name()))
	g.Eventually(client).Should(answers)
}

// device returns the link over which a router forwards packets to an address.
func device(router *topo.Router, to netip.Addr) (string, error) {
	routes, err := router.Netlink().RouteGet(to.AsSlice())
	if errors.Is(err, syscall.ENETUNREACH) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	link, err := router.Netlink().LinkByIndex(routes[0].LinkIndex)
	if err != nil {
		return "", err
	}
	return link.Attrs().Name, nil
}
