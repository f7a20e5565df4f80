// SPDX-License-Identifier: Apache-2.0

// Package topo builds networks for tests: hosts, routers and switches, each a fixture of
// package nstest, and the links between them, which can be slow and lossy, cut and mended.
//
//	n := topo.New(t)
//	client, server := n.Host("client"), n.Host("server")
//	router := n.Router("router")
//	n.Link(client, router)
//	wan := n.Link(router, server, topo.Delay(20*time.Millisecond), topo.Loss(0.01))
//	n.Up() // addresses, routes and names are there, and proven to be
//
//	listener := server.Listen("tcp", ":80")
//	conn, err := client.DialContext(t.Context(), "tcp", "server:80")
//	...
//	wan.Set(topo.Loss(1))
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
// Routes lead over the shortest path, whose links have the least [Cost] in sum, or [Delay]. When a link
// goes down by [Link.Down] the routes are those of what is left, as if a routing protocol had
// found out at once; [NoRoutes] leaves them to the test.
//
// A host's name is what programs on it get by gethostname(2), and leads to all its addresses, in [Host.DialContext] and
// [Host.HTTPClient] as well as in programs, since all hosts of a network have an /etc/hosts of their own.
//
// Hosts can ask for their addresses instead, and get them by real packets: routers with [Advertise] send router
// advertisements, nodes with [DHCP4] and [DHCP6] are DHCP servers, and hosts that are [Dynamic] ask.
// A host with several links uses the one that [Host.Uplinks] and [Host.Use] name. [Network.External] makes a fixture that exists a
// host, also that which the test is in.
//
// # Routers as people meet them
//
// Options make a router one of those that keep hosts on the Internet apart. [Outside] marks the link that leads
// outside; all other links of the router are inside.
//
//	home := n.Router("home", topo.HomeNAT())
//	n.Link(client, home)
//	n.Link(home, internet, topo.Outside(home))
//
// [HomeNAT] and its kin translate addresses, in one way for each router. In the words of RFC 4787:
//
//	                 mapping               filtering             ports      hairpinning  UDP      IPv6
//	HomeNAT          endpoint-independent  address and port-dep. preserved  yes          5 min    from inside
//	FullConeNAT      endpoint-independent  endpoint-independent  preserved  yes          5 min    both ways
//	CarrierGradeNAT  endpoint-independent  endpoint-independent  in turn    yes          2 min    both ways
//	SymmetricNAT     address and port-dep. address and port-dep. in turn    no           2 min    from inside
//	CloudNAT         address and port-dep. address and port-dep. in turn    no           350 s    from inside
//	NAT64            endpoint-independent  address and port-dep. preserved  yes          5 min    both ways
//
// [CorporateFirewall] and [CaptivePortal] may stand beside one of them. [Public] is a router as it is without any.
//
// Nodes outside have a route to networks inside, which IPv6 needs; a packet that they send to an IPv4 address
// inside vanishes at the router. They are made by nftables and the kernel's connection tracking, without
// other programs; where the kernel has no nftables the test is skipped, see [nstest.Require].
//
// # Slow and lossy links
//
// A link delays, loses, doubles, reorders, damages and limits frames as its [Impairment]s say, in one direction or both, from the
// start and by [Link.Set] later. Presets set several:
//
//	           delay           loss   rate          queue
//	LAN        200 µs                 1 Gbit/s      1,000 frames
//	WiFi       3 ms ± 2 ms     0.1%   50 Mbit/s     1,000 frames
//	Mobile4G   35 ms ± 10 ms   0.5%   12 Mbit/s     200 frames
//	Mobile3G   150 ms ± 30 ms  1%     1.6 Mbit/s    100 frames
//	Satellite  300 ms ± 5 ms   0.5%   20 Mbit/s     1,000 frames
//	Lossy      50 ms ± 20 ms   10%    2 Mbit/s      50 frames
//
// A [Region] has the delay to other regions for all its links. What is random is so by a seed: [Seed], or the environment
// variable NSTEST_SEED, which the log of a failed test names.
//
// The kernel does all that by netem (tc-netem(8)) if it can do it as it is meant, and if not, a cable of package
// [github.com/seed-1bc5c4a2/gonso/nstest/wire] does: on a kernel without netem, for random decisions on one whose netem takes
// no seed (before Linux 6.6), and for loss and duplication together. Both mean the same. A cable carries some hundred thousand
// frames in a second.
//
// What is under way or lost as the network ends does not arrive any more, such as the end of a connection. So that no server of the test
// waits for it for ever, the TCP connections of its hosts are aborted then.
//
// # Every frame lost once
//
// [LoseEach] runs a test once for each frame that it sends, with that frame lost, and says which of them the test does not
// get by without. [Each] duplicates, delays or swaps frames instead.
//
// # Faults and pictures
//
// [Link.Set], [Link.Down], [Network.Partition] and [Network.Isolate] may be called by any goroutine, and by
// [Network.At] at a planned time. The log of a test that fails has what was done, with the time since
// Up and the line that did it, and a small picture of the network; go test -artifacts keeps a large
// one. [Network.SVG], [Network.Dot] and [Network.Mermaid] draw it at any other time.
package topo
