// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/vishvananda/netlink"
)

// send has text go from one fixture to another by TCP.
func send(t *testing.T, from, to *nstest.Fixture, address, text string) {
	t.Helper()
	listener := to.Listen("tcp", net.JoinHostPort(address, "0"))
	conn, err := from.DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(accepted)
	if err != nil || string(got) != text {
		t.Errorf("%q arrived (%v), want %q", got, err, text)
	}
}

func TestVethJoinsTwoFixtures(t *testing.T) {
	a, b := newHost(t, "a"), newHost(t, "b")
	near, far := link.Veth(t, a, b, link.Address("192.0.2.1/24"), link.MTU(1300), link.MAC("02:00:5e:00:53:01"),
		link.Peer(link.Name("cable"), link.Address("192.0.2.2/24", "2001:db8::2/64"), link.MTU(1280), link.MAC("02:00:5e:00:53:02")))
	if near.Name() != "eth0" || far.Name() != "cable" || near.Fixture() != a || far.Fixture() != b {
		t.Errorf("the ends are %s in %s and %s in %s", near.Name(), near.Fixture().Name(), far.Name(), far.Fixture().Name())
	}
	for _, end := range []struct {
		*link.Link
		mtu int
		mac string
	}{{near, 1300, "02:00:5e:00:53:01"}, {far, 1280, "02:00:5e:00:53:02"}} {
		end.WaitUp()
		if attrs := end.Attrs(); attrs.MTU != end.mtu || attrs.HardwareAddr.String() != end.mac {
			t.Errorf("%s has MTU %d and address %v, want %d and %s", end.Name(), attrs.MTU, attrs.HardwareAddr, end.mtu, end.mac)
		}
	}
	before := far.Stats().RxPackets
	send(t, a, b, "192.0.2.2", "hello")
	if after := far.Stats().RxPackets; after < before+3 {
		t.Errorf("the far end has received %d packets, want three or more", after-before)
	}
}

func TestLinksSitOnOthersAcrossFixtures(t *testing.T) {
	host, one, two := newHost(t, "host"), newHost(t, "one"), newHost(t, "two")
	parent, _ := link.Veth(t, host, host)
	for i, f := range []*nstest.Fixture{one, two} {
		l := link.Macvlan(t, parent, link.In(f), link.Address([]string{"192.0.2.1/24", "192.0.2.2/24"}[i]))
		if l.Fixture() != f || l.Attrs().Name != "macvlan0" {
			t.Errorf("%s is in %s", l.Attrs().Name, l.Fixture().Name())
		}
	}
	send(t, one, two, "192.0.2.2", "from one to the other")
}

func TestBridgeJoinsItsPorts(t *testing.T) {
	bridge := link.Bridge(t, newHost(t, "switch"))
	a, b := newHost(t, "a"), newHost(t, "b")
	link.Veth(t, bridge.Fixture(), a, link.Master(bridge), link.Peer(link.Address("192.0.2.1/24")))
	port, far := link.Veth(t, bridge.Fixture(), b, link.Peer(link.Address("192.0.2.2/24")))
	bridge.Attach(port)
	bridge.WaitUp()
	far.WaitUp()
	if port.Name() != "eth1" || port.Attrs().MasterIndex != bridge.Index() {
		t.Errorf("%s has the master %d, want eth1 and %d", port.Name(), port.Attrs().MasterIndex, bridge.Index())
	}
	send(t, a, b, "192.0.2.2", "over the switch")
}

func TestTapIsWrittenAndRead(t *testing.T) {
	f := newHost(t, "host")
	if r := probe.Named("tun"); r.OK == probe.No {
		if text := failure.Text(t, func(tb testing.TB) { link.Tap(tb, f) }); !strings.Contains(text, "this machine lacks tun") {
			t.Errorf("without the device, Tap ends the test with %q", text)
		}
		return
	}
	if text := failure.Text(t, func(tb testing.TB) { link.Tap(tb, f, link.MTU(1<<30)) }); !strings.Contains(text, "set the MTU of tap tap0 in host: an MTU of 1073741824: it must be 68 to 65521") {
		t.Errorf("with an MTU that no interface has, Tap ends the test with %q", text)
	}
	_, file := link.Tap(t, f, link.Address("192.0.2.1/24"), link.MAC("02:00:5e:00:53:01"))
	request := []byte{
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0x5e, 0, 0x53, 2, 8, 6, // to all, from 02:..:02, ARP
		0, 1, 8, 0, 6, 4, 0, 1, // Ethernet, IPv4, request (RFC 826)
		2, 0, 0x5e, 0, 0x53, 2, 192, 0, 2, 2,
		0, 0, 0, 0, 0, 0, 192, 0, 2, 1,
	}
	if _, err := file.Write(request); err != nil {
		t.Fatal(err)
	}
	frame := make([]byte, 2048)
	for { // the host speaks IPv6 besides
		n, err := file.Read(frame)
		if err != nil {
			t.Fatal(err)
		}
		if n >= 42 && frame[12] == 8 && frame[13] == 6 {
			break
		}
	}
	if from := netip.AddrFrom4([4]byte(frame[28:32])); frame[21] != 2 || from != here {
		t.Errorf("an ARP message of type %d from %v, want an answer of %v", frame[21], from, here)
	}
}

func TestWaitUpWaitsForTheOtherEnd(t *testing.T) {
	a, b := newHost(t, "a"), newHost(t, "b")
	near, far := link.Veth(t, a, b, link.Peer(link.Down()))
	waiting := make(chan string)
	go func() { waiting <- failure.Text(t, func(tb testing.TB) { link.Find(tb, a, near.Name()).WaitUp() }) }()
	far.Up()
	if text := <-waiting; text != "" {
		t.Error(text)
	}
}

func TestBadInputIsNamed(t *testing.T) {
	f := newHost(t, "host")
	parent := link.Bridge(t, f)
	elsewhere := link.Bridge(t, newHost(t, "other"))
	for want, make := range map[string]func(tb testing.TB){
		"it has 16 bytes, and 15 are the most":                  func(tb testing.TB) { link.Bridge(tb, f, link.Name("sixteen-bytes-xx")) },
		`"a/b" is no name of a link`:                            func(tb testing.TB) { link.Bridge(tb, f, link.Name("a/b")) },
		`"eth%d" is no name of a link`:                          func(tb testing.TB) { link.Veth(tb, f, f, link.Peer(link.Name("eth%d"))) },
		"invalid MAC address":                                   func(tb testing.TB) { link.Bridge(tb, f, link.MAC("two")) },
		"the number must be 1 to 4094":                          func(tb testing.TB) { link.Vlan(tb, parent, 4095) },
		"link.In is for links that sit on":                      func(tb testing.TB) { link.Veth(tb, f, f, link.In(f)) },
		"the fixture has no net namespace, only uts":            func(tb testing.TB) { link.Bridge(tb, nstest.New(t, gonso.NS_UTS)) },
		"attach to bridge br0 in host: it is no port of itself": func(tb testing.TB) { link.Find(tb, f, parent.Name()).Attach(parent) },
		"attach to bridge br0 in host: the port br0 in other is in another network: Link.MoveTo moves it": func(tb testing.TB) {
			link.Find(tb, f, parent.Name()).Attach(elsewhere)
		},
		"make bridge br1 in host: an MTU of 10: it must be 68 to 65535: invalid argument":     func(tb testing.TB) { link.Bridge(tb, f, link.MTU(10)) },
		"make bridge br1 in host: an MTU of 65536: it must be 68 to 65535: invalid argument":  func(tb testing.TB) { link.Bridge(tb, f, link.MTU(65536)) },
		"make macvlan macvlan0 in host: an MTU of 9000: without it the link is made":          func(tb testing.TB) { link.Macvlan(tb, parent, link.MTU(9000)) },
		"make veth eth0 in host: an MTU of 1048576: it must be 68 to 65535: invalid argument": func(tb testing.TB) { link.Veth(tb, f, f, link.Peer(link.MTU(1<<20))) },
		"make bridge in host: an MTU of 0: it is a number of bytes":                           func(tb testing.TB) { link.Bridge(tb, f, link.MTU(0)) },
		"make veth in host: an MTU of -1: it is a number of bytes":                            func(tb testing.TB) { link.Veth(tb, f, f, link.Peer(link.MTU(-1))) },
		"make macvlan macvlan0 in host: invalid argument":                                     func(tb testing.TB) { link.New(tb, f, &netlink.Macvlan{}, link.MTU(1400)) },
		"nowhere in host": func(tb testing.TB) { link.Find(tb, f, "nowhere") },
	} {
		if text := failure.Text(t, make); !strings.HasPrefix(text, "link: ") || !strings.Contains(text, want) {
			t.Errorf("ends with %q, want %q", text, want)
		}
	}
	links, err := f.Netlink().LinkList()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		if name := l.Attrs().Name; name != "lo" && name != parent.Name() {
			t.Errorf("%s was left behind", name)
		}
	}
}

func TestLinksEndWithTheirParent(t *testing.T) {
	parent, child := newHost(t, "parent"), newHost(t, "child")
	t.Run("subtest", func(t *testing.T) {
		bridge := link.Bridge(t, parent)
		link.Macvlan(t, bridge, link.In(child))
		bridge.Delete()
	})
	links, err := child.Netlink().LinkList()
	if err != nil || len(links) != 1 {
		t.Errorf("%d links are there (%v), want lo alone", len(links), err)
	}
}

func TestAThousandLinks(t *testing.T) {
	n := 1000
	if testing.Short() {
		n = 50
	}
	a, b := newHost(t, "a"), newHost(t, "b")
	for range n {
		link.Veth(t, a, b)
	}
	links, err := b.Netlink().LinkList()
	if err != nil || len(links) != n+1 {
		t.Errorf("%d links are there (%v), want %d", len(links), err, n+1)
	}
}

func ExampleVeth() {
	var t *testing.T // of the test

	client, server := nstest.New(t, gonso.NS_NET), nstest.New(t, gonso.NS_NET)
	link.Veth(t, client, server, link.Address("192.0.2.1/24"), link.Peer(link.Address("192.0.2.2/24")))
	server.Listen("tcp", "192.0.2.2:80")
}

func ExampleBridge() {
	var t *testing.T // of the test

	lan := link.Bridge(t, nstest.New(t, gonso.NS_NET, nstest.Named("switch")))
	for range 3 {
		host := nstest.New(t, gonso.NS_NET)
		link.Veth(t, lan.Fixture(), host, link.Master(lan))
	}
}
