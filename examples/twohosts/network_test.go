// SPDX-License-Identifier: Apache-2.0

package twohosts_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/vishvananda/netlink"
	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
)

// The network (addresses of RFC 5737):
//
//	client                           server
//	192.0.2.1/24  eth0 ======= eth0  192.0.2.2/24
//	198.51.100.0/24 via 192.0.2.2      lo  198.51.100.7/32
const (
	clientAddress = "192.0.2.1"
	serverAddress = "192.0.2.2"
	service       = "198.51.100.7"
)

// TestMain lets an ordinary user run the tests.
func TestMain(m *testing.M) { nstest.Main(m) }

// join lays a cable between the hosts, and routes the service's network over it.
func join(tb testing.TB, client, server *nstest.Fixture) {
	tb.Helper()
	check := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	fds, err := server.Set().Fds(0)
	check(err)
	defer fds.Close()
	for _, fd := range fds {
		check(client.Netlink().LinkAdd(&netlink.Veth{
			LinkAttrs:     netlink.LinkAttrs{Name: "eth0"},
			PeerName:      "eth0",
			PeerNamespace: netlink.NsFd(fd.Fd()), // placed at creation, never in sight of the host
		}))
	}
	for _, host := range []*nstest.Fixture{client, server} {
		eth0, err := host.Netlink().LinkByName("eth0")
		check(err)
		check(host.Netlink().LinkSetUp(eth0))
	}
	client.AddAddress("eth0", clientAddress+"/24")
	server.AddAddress("eth0", serverAddress+"/24")
	server.AddAddress("lo", service+"/32")
	check(client.Netlink().RouteAdd(&netlink.Route{
		Dst: &net.IPNet{IP: net.ParseIP(service).Mask(net.CIDRMask(24, 32)), Mask: net.CIDRMask(24, 32)},
		Gw:  net.ParseIP(serverAddress),
	}))
}

// echoOverTCP sends a text to an echo service on the server and returns what
// comes back. Both sockets stay in the network that they were made in, so that
// the bytes can be read and written out here.
func echoOverTCP(tb testing.TB, client, server *nstest.Fixture, text string) string {
	tb.Helper()
	var listener net.Listener
	var err error
	server.Do(func() { listener, err = net.Listen("tcp", service+":0") })
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			tb.Error(err)
			return
		}
		defer conn.Close()
		if _, err := io.Copy(conn, conn); err != nil {
			tb.Error(err)
		}
	}()

	var conn net.Conn
	client.Do(func() { conn, err = net.DialTimeout("tcp", listener.Addr().String(), 10*time.Second) })
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		tb.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		tb.Fatal(err)
	}
	back, err := io.ReadAll(conn)
	if err != nil {
		tb.Fatal(err)
	}
	return string(back)
}

// ping sends one ICMP echo request to the service and waits for the reply.
func ping(client *nstest.Fixture, text string) (err error) {
	client.Do(func() { err = pingHere(text) })
	return err
}

func pingHere(text string) error {
	conn, err := icmp.ListenPacket("ip4:icmp", clientAddress)
	if err != nil {
		return err
	}
	defer conn.Close()
	request := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: os.Getpid() & 0xffff, Seq: 1, Data: []byte(text)}}
	packet, err := request.Marshal(nil)
	if err != nil {
		return err
	}
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := conn.WriteTo(packet, &net.IPAddr{IP: net.ParseIP(service)}); err != nil {
		return err
	}
	buffer := make([]byte, 1500)
	n, from, err := conn.ReadFrom(buffer)
	if err != nil {
		return err
	}
	reply, err := icmp.ParseMessage(1, buffer[:n]) // 1: ICMP for IPv4 (RFC 790)
	if err != nil {
		return err
	}
	if echo, ok := reply.Body.(*icmp.Echo); !ok || reply.Type != ipv4.ICMPTypeEchoReply || string(echo.Data) != text {
		return fmt.Errorf("%v from %s, want an echo reply with %q", reply.Type, from, text)
	}
	return nil
}

// received asks the kernel how many packets have come in over the cable.
func received(tb testing.TB, host *nstest.Fixture) uint64 {
	tb.Helper()
	eth0, err := host.Netlink().LinkByName("eth0")
	if err != nil {
		tb.Fatal(err)
	}
	return eth0.Attrs().Statistics.RxPackets
}
