// SPDX-License-Identifier: Apache-2.0

package twohosts_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

func TestTwoHosts(t *testing.T) {
	client, server := nstest.New(t, gonso.NS_NET, nstest.Named("client")), nstest.New(t, gonso.NS_NET, nstest.Named("server"))
	join(t, client, server)

	t.Run("talk TCP over the route", func(t *testing.T) {
		before := received(t, server)
		if back := echoOverTCP(t, client, server, "hello"); back != "hello" {
			t.Errorf("the echo is %q, want hello", back)
		}
		// SYN, ACK, data and FIN: the kernel has counted four packets at least.
		if now := received(t, server); now < before+4 {
			t.Errorf("the server's eth0 has received %d packets, want 4 or more", now-before)
		}
	})

	t.Run("answer a ping", func(t *testing.T) {
		before := received(t, client)
		if err := ping(client, "are you there?"); err != nil {
			t.Fatal(err)
		}
		if now := received(t, client); now == before {
			t.Error("the client's eth0 has received no packet")
		}
	})
}

func TestTheHostSeesNothingOfIt(t *testing.T) {
	host := nstest.Enter(t, gonso.NS_NET) // this test's own host, with the rest of the test on it
	client, server := nstest.New(t, gonso.NS_NET), nstest.New(t, gonso.NS_NET)
	join(t, client, server)
	links, err := host.Netlink().LinkList()
	if err != nil {
		t.Fatal(err)
	}
	if len(links) != 1 || links[0].Attrs().Name != "lo" {
		t.Errorf("the host has %d links, want only lo", len(links))
	}
}
