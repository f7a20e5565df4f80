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
// Routes lead over the shortest path, whose links have the least [Cost] in sum, or [Delay]. When a link goes
// down by [Link.Down] the routes are those of what is left, as if a routing protocol had noticed at once. With
// [NoRoutes] the test sets the routes.
//
// A node can have several routing tables, see [VRF].
//
// A host's name is the one that gethostname(2) returns to programs on the host. It resolves to all of the
// host's addresses: in [Host.DialContext] and [Host.HTTPClient], and in programs, since all hosts of a network
// share an /etc/hosts of their own. It does not in net.Dial and http.Get, even in a function that Do runs on the
// host: package net looks names up in another goroutine, which is outside. Use DialContext and HTTPClient, or
// give net.Dial an address, [Host.Addr4] or [Host.Addr6]. Up writes the file, and Hosts of any host,
// see [nstest.Fixture.Hosts], replaces it for all of them, and these names with it.
//
// The hosts also share an /etc/resolv.conf, in which there is no name server, so that other names are refused
// at once. Resolver of any host, see [nstest.Fixture.Resolver], chooses a name server for all of them. A net.Resolver reads the
// machine's own file: give it a Dial that ignores the address that it gets, and dials the name server of the test.
//
// Hosts can ask for their addresses instead, and get them by real packets: routers with [Advertise] send router
// advertisements, nodes with [DHCP4] and [DHCP6] are DHCP servers, and hosts that are [Dynamic] ask, and renew
// what was leased to them ([LeaseTime]). A host with several links uses the one that [Host.Uplinks] and
// [Host.Use] name. [Network.External] makes a host of an existing fixture, even of the one that the test runs in.
//
// # Routers as people meet them
//
// Options make a router behave like those that stand between hosts on the Internet. [Outside] marks the link
// that leads outside; all other links of the router are inside.
//
//	home := n.Router("home", topo.HomeNAT())
//	n.Link(client, home)
//	n.Link(home, internet, topo.Outside(home))
//
// [HomeNAT] and the others in this table translate addresses. A router has one of them. In the words of RFC
// 4787:
//
//	                 mapping               filtering             ports      hairpinning  UDP      IPv6
//	HomeNAT          endpoint-independent  address and port-dep. preserved  yes          5 min    from inside
//	FullConeNAT      endpoint-independent  endpoint-independent  preserved  yes          5 min    both ways
//	CarrierGradeNAT  endpoint-independent  endpoint-independent  in turn    yes          2 min    both ways
//	SymmetricNAT     address and port-dep. address and port-dep. in turn    no           2 min    from inside
//	CloudNAT         address and port-dep. address and port-dep. in turn    no           350 s    from inside
//	NAT64            endpoint-independent  address and port-dep. preserved  yes          5 min    both ways
//
// [CorporateFirewall] and [CaptivePortal] can be combined with one of them. [Public] is a router without any of
// these presets.
//
// Nodes outside have a route to networks inside, which IPv6 needs; a packet that they send to an IPv4 address
// inside is dropped by the router. The presets are made by nftables and the kernel's connection tracking,
// without other programs; where the kernel has no nftables the test is skipped, see [nstest.Require].
//
// # Slow and lossy links
//
// A link delays, loses, doubles, reorders, damages and limits frames, in one direction or both, from the start
// and by [Link.Set] later: see [Impairment]. Presets set several:
//
//	           delay           loss   rate          queue
//	LAN        200 µs                 1 Gbit/s      1,000 frames
//	WiFi       3 ms ± 2 ms     0.1%   50 Mbit/s     1,000 frames
//	Mobile4G   35 ms ± 10 ms   0.5%   12 Mbit/s     200 frames
//	Mobile3G   150 ms ± 30 ms  1%     1.6 Mbit/s    100 frames
//	Satellite  300 ms ± 5 ms   0.5%   20 Mbit/s     1,000 frames
//	Lossy      50 ms ± 20 ms   10%    2 Mbit/s      50 frames
//
// A [Region] has the delay to other regions for all its links. Random decisions depend on a seed: [Seed], or
// the environment variable NSTEST_SEED, which the log of a failed test names.
//
// The kernel does all that by netem (tc-netem(8)), where its netem can do what is meant. Otherwise a cable of
// package [github.com/seed-1bc5c4a2/gonso/nstest/wire] does it: on a kernel without netem, for random decisions
// on a kernel whose netem takes no seed (before Linux 6.6), and for loss and duplication together. The options
// mean the same for both. A cable carries some hundred thousand frames in a second.
//
// When the network ends, packets that are still on their way do not arrive, such as the FIN of a connection. So
// that no server of the test waits for them for ever, the TCP connections of its hosts are aborted then.
//
// # Large networks
//
// A thousand hosts on one machine work. What limits a network is the machine:
//
//   - The test holds about six descriptors for each host, and five more for each cable (ulimit -n).
//   - Each host has a net and a uts namespace; user.max_net_namespaces and user.max_uts_namespaces limit these.
//   - A bridge has 1,023 ports at most, and so has a switch.
//   - The kernel has one table of IPv4 neighbours (ARP), and one of IPv6 neighbours, for all namespaces. If it is full,
//     packets to further neighbours are not sent (ENOBUFS). Root of the host sets its size, often 1,024:
//     net.ipv4.neigh.default.gc_thresh3 and net.ipv6.neigh.default.gc_thresh3.
//   - The rings of a cable take some 2 MiB of memory. Netem takes memory only for frames that are on their way.
//   - Programs on all hosts share what their user may have, such as fs.inotify.max_user_instances, often 128. This
//     package does not use inotify, and netlink buffers that are full do no harm to it.
//
// # Every frame lost once
//
// [LoseEach] runs a test once for each frame that it sends, with that frame lost, and reports the frames
// without which the test fails. [Each] duplicates, delays or swaps frames instead.
//
// # Faults and pictures
//
// [Link.Set], [Link.Down], [Network.Partition] and [Network.Isolate] may be called by any goroutine, and by
// [Network.At] at a planned time. The log of a test that fails has these calls, each with the time since Up and
// its line, and a small picture of the network; go test -artifacts keeps a large one. [Network.SVG],
// [Network.Dot] and [Network.Mermaid] draw it at any other time.
package topo
