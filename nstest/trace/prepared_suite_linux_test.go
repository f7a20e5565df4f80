// SPDX-License-Identifier: Apache-2.0

package trace_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// TestPrepared fails in five ways that people meet. TestPreparedFailures runs it, in a process of its own.
func TestPrepared(t *testing.T) {
	if os.Getenv(suite) == "" {
		return
	}
	t.Run("WrongRoute", wrongRoute)
	t.Run("Firewall", firewall)
	t.Run("DeadDaemon", deadDaemon)
	t.Run("LostSYN", lostSYN)
	t.Run("MTUHole", mtuHole)
}

// wrongRoute has a next hop that does not exist, after somebody has changed a route.
func wrongRoute(t *testing.T) {
	t.Parallel()
	n := topo.New(t)
	client, west, east, server := n.Host("client"), n.Router("west"), n.Router("east"), n.Host("server")
	n.Link(client, west)
	n.Link(west, east)
	n.Link(east, server)
	n.Up()
	listener := server.Listen("tcp", ":80")
	go echo(listener)

	if err := ask(t, client.Fixture, "10.0.2.2:80", 5*time.Second); err != nil {
		t.Fatal(err)
	}
	nstest.Mark(t, "maintenance of west")
	west.SetSysctl("net.ipv4.neigh.eth1.retrans_time_ms", "100") // so that it gives up soon
	changeRoute(t, west.Fixture, "10.0.2.0/24", "10.0.1.9", "eth1")
	if err := ask(t, client.Fixture, "10.0.2.2:80", 5*time.Second); err != nil {
		t.Fatalf("the server does not answer after the maintenance: %v", err)
	}
}

// firewall drops what comes to the port that the server listens at.
func firewall(t *testing.T) {
	t.Parallel()
	need.Tool(t, "nft", "nftables")
	n := topo.New(t)
	client, server := n.Host("client"), n.Host("server")
	n.Link(client, server)
	n.Up()
	go echo(server.Listen("tcp", ":80"))

	runIn(t, server.Fixture, "nft", "add table inet filter; "+
		"add chain inet filter input { type filter hook input priority 0; policy drop; }; "+
		"add rule inet filter input tcp dport 8080 accept")
	if err := ask(t, client.Fixture, "10.0.0.2:80", 1500*time.Millisecond); err != nil {
		t.Fatalf("the web server does not answer: %v", err)
	}
}

// deadDaemon has a name server that is killed while the test still asks it.
func deadDaemon(t *testing.T) {
	t.Parallel()
	need.Tool(t, "dnsmasq", "dnsmasq-base")
	n := topo.New(t)
	client, resolver := n.Host("client"), n.Host("resolver")
	lan := n.Switch("lan")
	n.Link(client, lan)
	n.Link(resolver, lan)
	n.Link(n.Host("other"), lan)
	n.Up()
	resolver.Start(resolver.Command("timeout", "--signal=KILL", "0.5", "dnsmasq", "--keep-in-foreground", "--no-daemon", "--no-resolv",
		"--no-hosts", "--user=", "--pid-file="+filepath.Join(t.TempDir(), "pid"), "--address=/example/192.0.2.1"), nstest.Listening("udp", ":53"))
	names := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return client.Fixture.DialContext(ctx, network, "10.0.0.2:53")
	}}
	ticks := time.NewTicker(50 * time.Millisecond)
	defer ticks.Stop()
	for i := range 100 {
		<-ticks.C
		if _, err := names.LookupNetIP(t.Context(), "ip4", fmt.Sprintf("n%d.example", i)); err != nil {
			t.Fatalf("lookup: %v", err)
		}
	}
}

// lostSYN has a client that waits for less than the second after which the kernel sends a lost SYN again.
func lostSYN(t *testing.T) {
	t.Parallel()
	client, server := nstest.New(t, set.NS_NET, nstest.Named("client")), nstest.New(t, set.NS_NET, nstest.Named("server"))
	w := wire.Join(t, client, server)
	client.AddAddress("eth0", "192.0.2.1/24")
	server.AddAddress("eth0", "192.0.2.2/24")
	go echo(server.Listen("tcp", ":7"))
	if err := ask(t, client, "192.0.2.2:7", 5*time.Second); err != nil {
		t.Fatal(err)
	}
	nstest.Mark(t, "one SYN is lost")
	w.Filter(func(f *wire.Frame) wire.Verdict {
		if tcp := f.TCP(); tcp != nil && tcp.SYN && w.Seen(f) == 1 {
			return wire.Drop
		}
		return wire.Pass
	})
	if err := ask(t, client, "192.0.2.2:7", 500*time.Millisecond); err != nil {
		t.Fatalf("the client gives up after one SYN: %v", err)
	}
}

// mtuHole has a router that cannot pass large packets on, and does not say so.
func mtuHole(t *testing.T) {
	t.Parallel()
	need.Tool(t, "nft", "nftables")
	n := topo.New(t)
	client, west, server := n.Host("client"), n.Router("west"), n.Host("server")
	n.Link(client, west)
	tunnel := n.Link(west, server)
	n.Up()
	go echo(server.Listen("tcp", ":9000"))
	runIn(t, west.Fixture, "nft", "add table inet filter; add chain inet filter output { type filter hook output priority 0; }; "+
		"add rule inet filter output icmp type destination-unreachable drop")
	nstest.Mark(t, "the tunnel takes 1400 bytes")
	setMTU(t, west.Fixture, tunnel.End(west).Name(), 1400)

	conn, err := client.Fixture.DialContext(t.Context(), "tcp", "10.0.1.2:9000")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(1500 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if err := upload(conn, 64<<10); err != nil {
		t.Fatalf("upload of 64 KiB: %v", err)
	}
}

// echo gives whatever it is sent back, until its listener is closed.
func echo(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			buffer := make([]byte, 64<<10)
			for {
				n, err := conn.Read(buffer)
				if _, werr := conn.Write(buffer[:n]); errors.Join(err, werr) != nil {
					return
				}
			}
		}()
	}
}

// ask sends four bytes and waits for them.
func ask(t *testing.T, from *nstest.Fixture, address string, patience time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := from.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	return upload(conn, 4)
}

// upload sends so many bytes and waits until they have come back.
func upload(conn net.Conn, size int) error {
	sent := make(chan error, 1)
	go func() {
		_, err := conn.Write(make([]byte, size))
		sent <- err
	}()
	buffer := make([]byte, 64<<10)
	for got := 0; got < size; {
		n, err := conn.Read(buffer)
		got += n
		if err != nil {
			return err
		}
	}
	return <-sent
}

func runIn(t *testing.T, f *nstest.Fixture, program string, args ...string) {
	t.Helper()
	if out, err := f.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

func changeRoute(t *testing.T, f *nstest.Fixture, to, by, dev string) {
	t.Helper()
	link, err := f.Netlink().LinkByName(dev)
	if err != nil {
		t.Fatal(err)
	}
	_, dst, err := net.ParseCIDR(to)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Netlink().RouteReplace(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: dst, Gw: net.ParseIP(by)}); err != nil {
		t.Fatalf("change the route to %s: %v", to, err)
	}
}

func setMTU(t *testing.T, f *nstest.Fixture, name string, mtu int) {
	t.Helper()
	link, err := f.Netlink().LinkByName(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Netlink().LinkSetMTU(link, mtu); err != nil {
		t.Fatalf("MTU %d of %s: %v", mtu, name, err)
	}
}
