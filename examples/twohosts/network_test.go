// SPDX-License-Identifier: Apache-2.0

package twohosts_test

import (
	"io"
	"net"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// TestMain lets an ordinary user run the tests.
func TestMain(m *testing.M) { nstest.Main(m) }

// joined returns two hosts at the ends of a cable, with addresses and names.
func joined(tb testing.TB) (client, server *topo.Host) {
	tb.Helper()
	n := topo.New(tb)
	client, server = n.Host("client"), n.Host("server")
	n.Link(client, server)
	n.Up()
	return client, server
}

// echo sends a text to an echo service on the server and returns what comes back. Both
// sockets stay in the network that they were made in, so that the bytes can be read and
// written out here.
func echo(tb testing.TB, client, server *topo.Host, text string) string {
	tb.Helper()
	listener := server.Listen("tcp", ":7")
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
	conn, err := client.DialContext(tb.Context(), "tcp", "server:7")
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
