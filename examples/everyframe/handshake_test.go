// SPDX-License-Identifier: Apache-2.0

package everyframe_test

import (
	"net"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/examples/everyframe"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// TestMain lets an ordinary user run the tests.
func TestMain(m *testing.M) { nstest.Main(m) }

// fragileVariable has TestHandshake try the version that is not robust.
const fragileVariable = "EVERYFRAME_FRAGILE"

func TestHandshake(t *testing.T) {
	t.Parallel()
	shake := everyframe.Handshake{Robust: os.Getenv(fragileVariable) == "", Retry: 50 * time.Millisecond, Limit: 10 * time.Second}
	topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
		agreed := make(chan struct{})
		conn := talk(t, n, func(packets net.PacketConn) error {
			return shake.Accept(packets, sync.OnceFunc(func() { close(agreed) }))
		})
		if err := shake.Connect(conn); err != nil {
			t.Error("client:", err)
		}
		select {
		case <-agreed:
		case <-time.After(time.Second):
			t.Error("server: the client has not confirmed")
		}
	})
}

// talk has a server serve datagrams until the test ends, and returns a client's connection to it.
func talk(t *testing.T, n *topo.Network, serve func(net.PacketConn) error) net.Conn {
	t.Helper()
	client, server := hosts(n)
	packets := server.ListenPacket("udp", ":7")
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := serve(packets); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		packets.Close()
		serving.Wait()
	})
	conn, err := client.DialContext(t.Context(), "udp", net.JoinHostPort(server.Addr4().String(), "7"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// hosts makes the network of all tests here.
func hosts(n *topo.Network) (client, server *topo.Host) {
	client, server = n.Host("client"), n.Host("server")
	n.Link(client, server)
	n.Up()
	return client, server
}

// TestFragileHandshake shows what is said of a protocol that hangs.
func TestFragileHandshake(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHandshake$", "-test.v")
	cmd.Env = append(os.Environ(), fragileVariable+"=1", "NSTEST_TRACE=") // a failure on purpose
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Errorf("a handshake whose last datagram nobody repeats passes:\n%s", out)
	}
	for _, want := range []string{
		`--- PASS: TestHandshake/frame_1_lost`,
		`--- PASS: TestHandshake/frame_2_lost`,
		`--- FAIL: TestHandshake/frame_3_lost`,
		`server: the client has not confirmed`,
		`topo: frame 3, client to server, UDP 10\.0\.0\.1:\* > 10\.0\.0\.2:7, was lost; this run alone is\n` +
			` +NSTEST_LOSE=TestHandshake:3 go test -run '\^TestHandshake\$' github.com/seed-1bc5c4a2/gonso/examples/everyframe\n`,
	} {
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("nothing matches %s in\n%s", want, out)
		}
	}
}
