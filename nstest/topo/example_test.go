// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// Of five nodes at one switch, two cannot talk to the other three for a while.
func ExampleNetwork_Partition() {
	test := func(t *testing.T) {
		n := topo.New(t)
		s := n.Switch("switch")
		var nodes []topo.Node
		for i := range 5 {
			node := n.Host(fmt.Sprintf("node%d", i))
			n.Link(s, node)
			nodes = append(nodes, node)
		}
		n.Up()
		n.Partition(nodes[:2], nodes[2:])
		// The larger group elects a leader, the smaller one refuses writes.
		n.Heal()
		// All agree again.
	}
	_ = test
}

// Two hosts behind routers such as people have at home cannot call each other, until each has sent a packet
// to where the other one is seen outside.
func ExampleHomeNAT() {
	test := func(t *testing.T) {
		n := topo.New(t)
		internet := n.Router("internet")
		for _, name := range []string{"alice", "bob"} {
			host, home := n.Host(name), n.Router(name+"-home", topo.HomeNAT())
			n.Link(host, home)
			n.Link(home, internet, topo.Outside(home))
		}
		n.Link(internet, n.Host("stun"))
		n.Up()
		// Alice and Bob ask the STUN server, and punch holes.
	}
	_ = test
}

// A guest accepts the terms of a hotel, and is let through.
func ExampleCaptivePortal() {
	test := func(t *testing.T) {
		n := topo.New(t)
		guest, hotel, server := n.Host("guest"), n.Router("hotel", topo.CaptivePortal(nil), topo.HomeNAT()), n.Host("server")
		n.Link(guest, hotel)
		n.Link(hotel, server, topo.Outside(hotel))
		n.Up()
		response, err := guest.HTTPClient().Get("http://server/")
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusNetworkAuthenticationRequired {
			t.Errorf("without the terms the guest gets %s", response.Status)
		}
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
		hotel.Admit(guest)
		// The guest reaches the server.
	}
	_ = test
}

// A phone has only IPv6, and reaches a server that has only IPv4 by its name.
func ExampleNAT64() {
	test := func(t *testing.T) {
		n := topo.New(t)
		phone, provider, server := n.Host("phone"), n.Router("provider", topo.NAT64()), n.Host("server")
		n.Link(phone, provider)
		n.Link(provider, server, topo.Subnet("198.51.100.0/24"), topo.Outside(provider))
		n.Up()
		conn, err := phone.DialContext(t.Context(), "tcp", "server:443") // [64:ff9b::c633:6402]:443
		_, _ = conn, err
	}
	_ = test
}

// A link is down from the second second to the fifth one.
func ExampleNetwork_At() {
	test := func(t *testing.T) {
		n := topo.New(t)
		link := n.Link(n.Host("client"), n.Host("server"))
		n.At(2*time.Second, link.Down)
		n.At(5*time.Second, link.Up)
		n.Up()
		// The client goes on as if nothing had been.
	}
	_ = test
}

// A phone is in a tunnel for a while. Behind it requests arrive before answers do.
func ExampleLink_Set() {
	test := func(t *testing.T) {
		n := topo.New(t)
		phone, server := n.Host("phone"), n.Host("server")
		air := n.Link(phone, server, topo.Mobile4G())
		n.Up()
		air.Set(topo.Loss(1))
		// The phone shows what it has.
		air.Set(topo.Mobile3G(), topo.From(server, topo.Loss(1)))
		// The server gets requests, and the phone repeats them.
		air.Set(topo.Perfect())
		// Answers come.
	}
	_ = test
}

// A database has a replica on another continent.
func ExampleNetwork_RegionDelay() {
	test := func(t *testing.T) {
		n := topo.New(t)
		eu, us := n.Region("eu"), n.Region("us")
		n.RegionDelay(eu, us, 40*time.Millisecond)
		frankfurt, ashburn := eu.Router("frankfurt"), us.Router("ashburn")
		n.Link(frankfurt, ashburn)
		n.Link(frankfurt, eu.Host("primary"))
		n.Link(ashburn, us.Host("replica"))
		n.Up()
		// A write that waits for the replica takes 80 ms at least.
	}
	_ = test
}

// A test that needs certain losses has a seed of its own.
func ExampleSeed() {
	test := func(t *testing.T) {
		n := topo.New(t, topo.Seed(7))
		n.Link(n.Host("client"), n.Host("server"), topo.Loss(0.2))
		n.Up()
		// The same frames are lost each time.
	}
	_ = test
}

// A request is repeated until it is answered, so that the loss of any one frame does no harm.
func ExampleLoseEach() {
	test := func(t *testing.T) {
		topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
			client, server := n.Host("client"), n.Host("server")
			n.Link(client, server)
			n.Up()
			socket := server.ListenPacket("udp", ":7")
			go func() {
				buf := make([]byte, 64)
				for {
					length, from, err := socket.ReadFrom(buf)
					if err != nil {
						return
					}
					socket.WriteTo(buf[:length], from)
				}
			}()
			conn, err := client.DialContext(t.Context(), "udp4", "server:7")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			for range 3 {
				conn.Write([]byte("ping"))
				conn.SetReadDeadline(time.Now().Add(time.Second))
				if _, err := conn.Read(make([]byte, 64)); err == nil {
					return
				}
			}
			t.Error("no answer")
		})
	}
	_ = test
}

// A host stays on its first link while that is up.
func ExampleHost_Uplinks() {
	test := func(t *testing.T) {
		n := topo.New(t)
		server, branch := n.Host("server"), n.Host("branch")
		line, radio, internet := n.Router("line"), n.Router("radio"), n.Router("internet")
		fast, slow := n.Link(branch, line), n.Link(branch, radio, topo.Mobile4G())
		n.Link(line, internet)
		n.Link(radio, internet)
		n.Link(internet, server)
		branch.Uplinks(fast, slow)
		n.Up()
		fast.Down() // New connections go by radio.
		fast.Up()   // They go by the line again.
	}
	_ = test
}
