// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// Hosts at a switch get their addresses of a router, as in an office.
func ExampleDynamic() {
	test := func(t *testing.T) {
		n := topo.New(t)
		router := n.Router("router", topo.Advertise(), topo.DHCP4())
		s := n.Switch("switch")
		printer, laptop := n.Host("printer", topo.Dynamic()), n.Host("laptop", topo.Dynamic())
		for _, node := range []topo.Node{router, printer, laptop} {
			n.Link(s, node)
		}
		n.Up()
		t.Log(printer.Addrs()) // [10.0.0.2 fd00::74:6fff:fe00:3]
	}
	_ = test
}

// A provider delegates a network to a router at home, which advertises parts of it to what is
// behind it.
func ExampleDHCP6() {
	test := func(t *testing.T) {
		n := topo.New(t)
		isp := n.Router("isp", topo.DHCP6())
		home := n.Router("home", topo.Dynamic(), topo.Advertise())
		laptop := n.Host("laptop", topo.Dynamic())
		n.Link(home, isp) // its first link is its uplink
		n.Link(home, laptop)
		n.Up()
		t.Log(home.Delegated(), laptop.Addr6())
	}
	_ = test
}

// A phone leaves the house: its packets go over the mobile network.
func ExampleHost_Use() {
	test := func(t *testing.T) {
		n := topo.New(t)
		phone, server := n.Host("phone"), n.Host("server")
		home, cell := n.Router("home"), n.Router("cell")
		wifi, mobile := n.Link(phone, home), n.Link(phone, cell)
		n.Link(home, server)
		n.Link(cell, server)
		phone.Uplinks(wifi, mobile) // mobile is used when wifi is down
		n.Up()
		phone.Use(mobile)
		// What was downloaded goes on.
	}
	_ = test
}

// The programs of a host run as if it had been booted a month before all others.
func ExampleClockOffset() {
	test := func(t *testing.T) {
		n := topo.New(t)
		h := n.Host("host", topo.ClockOffset(30*24*time.Hour))
		uptime, err := h.Command("cat", "/proc/uptime").Output()
		t.Log(string(uptime), err)
	}
	_ = test
}

// A test that is in a network namespace is a host: its own sockets reach the server.
func ExampleNetwork_External() {
	test := func(t *testing.T) {
		nstest.Enter(t, gonso.NS_NET)
		n := topo.New(t)
		here, server := n.External("here", nstest.Here(t)), n.Host("server")
		n.Link(here, server)
		n.Up()
		response, err := http.Get("http://" + server.Addr4().String())
		_, _ = response, err
	}
	_ = test
}
