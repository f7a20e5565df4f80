// SPDX-License-Identifier: Apache-2.0

// Package topo builds networks for tests: hosts, routers and switches, each a fixture of
// package nstest, and the links between them, which can be cut and mended.
//
//	n := topo.New(t)
//	client, server := n.Host("client"), n.Host("server")
//	router := n.Router("router")
//	n.Link(client, router)
//	wan := n.Link(router, server)
//	n.Up() // addresses, routes and names are there, and proven to be
//
//	listener := server.Listen("tcp", ":80")
//	conn, err := client.DialContext(t.Context(), "tcp", "server:80")
//	...
//	wan.Down()
//	n.Partition([]topo.Node{client}, []topo.Node{server})
//	n.Heal()
//
// # Addresses, routes and names
//
// Each link has a network of its own, and so have a switch and all that is linked to it:
// 10.0.0.0/24 and fd00::/64 for the first one, 10.0.1.0/24 and fd00:0:0:1::/64 for the
// second, in the order of the calls of [Network.Link]; [Subnet] and [Address] choose others.
// The hosts in a network are numbered from 1 on, in the same order.
//
// Routes lead over the shortest path, whose links have the least [Cost] in sum. When a link
// goes down by [Link.Down] the routes are those of what is left, as if a routing protocol had
// found out at once; [NoRoutes] leaves them to the test.
//
// A host's name is what programs on it get by gethostname(2), and leads to all its addresses, in [nstest.Fixture.DialContext] and HTTPClient
// as well as in programs, since all hosts of a network have an /etc/hosts of their own.
//
// Hosts can ask for their addresses instead, and get them by real packets: routers with [Advertise] send router
// advertisements, nodes with [DHCP4] and [DHCP6] are DHCP servers, and hosts that are [Dynamic] ask.
//
// # Routers as people meet them
//
// Options make a router one of those that keep hosts on the Internet apart: [HomeNAT], [FullConeNAT],
// [CarrierGradeNAT], [SymmetricNAT], [CloudNAT], [CorporateFirewall] and [CaptivePortal]. A router may be several
// of them, but translates addresses in one way only, of which the words are those of RFC 4787. The
// link that leads outside is marked; all other links of the router are inside.
//
//	home := n.Router("home", topo.HomeNAT())
//	n.Link(client, home)
//	n.Link(home, internet, topo.Outside(home))
//
// Nodes outside have a route to networks inside, which IPv6 needs; a packet that they send to an IPv4 address
// inside vanishes at the router. They are made by nftables and the kernel's connection tracking, without
// other programs; where the kernel has no nftables the test is skipped, see [nstest.Require].
//
// # Faults and pictures
//
// [Link.Down], [Network.Partition] and [Network.Isolate] may be called by any goroutine, and by
// [Network.At] at a planned time. The log of a test that fails has what was done, with the time since
// Up and the line that did it, and a small picture of the network; go test -artifacts keeps a large
// one. [Network.SVG], [Network.Dot] and [Network.Mermaid] draw it at any other time.
package topo
