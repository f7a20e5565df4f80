// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"time"

	"github.com/onsi/gomega/types"
)

// HaveID succeeds if the ID of actual's namespace of that kind is the given one, or satisfies the given
// matcher. The ID is the kernel's name of the namespace, such as "net:[4026531840]":
//
//	Expect(ns).To(HaveID(gonso.NS_NET, "net:[4026532281]"))
//	Expect(ns).To(HaveID(gonso.NS_NET, HavePrefix("net:")))
//
// Like all matchers of namespaces it takes a [set.Set], a [Fixture] or anything
// else with a method Set() set.Set.
//
// The kernel gives the IDs of namespaces that are gone to new ones: compare namespaces by [ShareNamespaces].
//
// It fails with:
//
//	Wrong net namespace of
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	Expected
//	    <string>: net:[4026532281]
//	to equal
//	    <string>: net:[4026532369]
func HaveID(kind int, idOrMatcher any) types.GomegaMatcher {
	return &haveID{kind: kind, want: idOrMatcher}
}

// ShareNamespaces succeeds if actual and other have the same namespace of each of the kinds. Other is a
// [set.Set], a [Fixture] or anything else with a method Set() set.Set. Several kinds are given as several
// arguments or combined with |. Without kinds, all kinds that both hold are compared.
//
//	Expect(ns).To(ShareNamespaces(other, gonso.NS_NET, gonso.NS_UTS))
//
// With NotTo it succeeds if at least one of the kinds differs. [BeIsolatedFrom] succeeds if all of them differ.
//
// It fails with:
//
//	Expected
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	to share all namespaces of the kinds net with
//	    <*nstest.Fixture | 0xc00001e0a8>: server Set(net:[4026532369])
//	but
//	    net:[4026532281] is not net:[4026532369]
func ShareNamespaces(other any, kinds ...int) types.GomegaMatcher {
	return &shareNamespaces{other: other, kinds: kinds}
}

// BeInNetNS succeeds if actual, a socket, belongs to the network namespace of other, which is as for
// [ShareNamespaces]. A socket is a descriptor, or anything with a method SyscallConn, such as a [net.Conn] or
// [net.Listener] of package net. It stays in the network namespace that it was made in, even if its program
// joins another one.
//
//	Expect(conn).To(BeInNetNS(client))
//
// It fails with:
//
//	Expected
//	    <string>: tcp socket 127.0.0.1:80 in net:[4026532281]
//	to be in the network namespace of
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532369])
func BeInNetNS(other any) types.GomegaMatcher { return &beInNetNS{other: other} }

// BeIsolatedFrom succeeds if actual and other have different namespaces of each of the kinds. Other and kinds
// are as for [ShareNamespaces].
//
//	Expect(a).To(BeIsolatedFrom(b))
//
// It fails with:
//
//	Expected
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	to share no namespace of the kinds net with
//	    <set.Set>: Set(net:[4026532281])
//	but
//	    net:[4026532281] is in both
func BeIsolatedFrom(other any, kinds ...int) types.GomegaMatcher {
	return &shareNamespaces{other: other, kinds: kinds, none: true}
}

// HaveNamespaces succeeds if actual holds a namespace of each of the kinds, and
// maybe of others.
//
//	Expect(s).To(HaveNamespaces(gonso.NS_NET | gonso.NS_UTS))
//
// It fails with:
//
//	Expected
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	to have namespaces of the kinds net, uts
//	but it has none of uts
func HaveNamespaces(kinds int) types.GomegaMatcher {
	return &haveNamespaces{kinds: kinds}
}

// BeCurrent succeeds if the calling goroutine is in actual's namespaces, in each kind that actual holds. For
// the kinds pid and time, the namespaces of its future child processes count.
//
//	ns.Do(func() { Expect(ns).To(BeCurrent()) })
//
// It works with Eventually and Consistently, too: they poll on the goroutine that calls them.
//
// It fails with:
//
//	Expected
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	to be where this goroutine is
//	but
//	    net:[4026532281] is not net:[4026532369]
func BeCurrent() types.GomegaMatcher { return &beCurrent{} }

// BeMountedAt succeeds if actual's namespaces are mounted at path, in the mount namespace of the calling
// goroutine. The path is a folder or a file. A folder must have one file for each of actual's namespaces, named
// after its kind, with the namespace mounted on it; Set.Mount makes such a folder. On a file, one of actual's
// namespaces must be mounted; Set.MountNS and ip-netns(8) do that.
//
//	Expect(ns).To(BeMountedAt("/run/netns/router"))
//
// Symbolic links, such as those in /proc/PID/ns, are not followed.
//
// It fails with:
//
//	Expected
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	to be mounted at /run/netns/router
//	but
//	    /run/netns/router is not there
func BeMountedAt(path string) types.GomegaMatcher { return &beMountedAt{path: path} }

// HaveLink succeeds if actual has a network interface of that name, and it satisfies all the matchers. They get
// a [netlink.Link]; [BeUp], [HaveMTU], [HaveMAC] and [BeOfType] are made for it.
//
//	Expect(ns).To(HaveLink("eth0", BeUp(), HaveMTU(1500)))
//	Expect(ns).To(HaveLink("eth0", HaveField("Attrs().Alias", "uplink")))
//
// Like all matchers of networks it takes what the matchers of namespaces take,
// or a [netlink.Handle].
//
// It fails with:
//
//	Expected
//	    <*nstest.Fixture | 0xc00001e0a8>: server Set(net:[4026532281])
//	to have the link eth1
//	It has
//	    lo: device, MTU 65536, UP
//	    eth0: veth, MTU 1400, 02:00:00:00:00:02, UP
//
// [netlink.Link]: https://pkg.go.dev/github.com/vishvananda/netlink#Link
// [netlink.Handle]: https://pkg.go.dev/github.com/vishvananda/netlink#Handle
func HaveLink(name string, matchers ...types.GomegaMatcher) types.GomegaMatcher {
	return &haveLink{name: name, found: found{matchers: matchers}}
}

// BeUp succeeds if a netlink.Link is switched on and can carry packets. In messages and reports such a link is
// UP. An end of a veth pair cannot carry packets while the other end is switched off (NO-CARRIER). The kernel
// may take a second to notice that it can: use BeUp with Eventually.
//
// It fails with:
//
//	Wrong link eth1 of
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	Expected link
//	    eth1: veth, MTU 1500, 02:00:00:00:00:03, DOWN
//	to be up
func BeUp() types.GomegaMatcher { return &beUp{} }

// HaveMTU succeeds if a netlink.Link has that MTU, in bytes, or one that
// satisfies a matcher.
//
// It fails with:
//
//	Wrong link eth1 of
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	Wrong MTU of link
//	    eth1: veth, MTU 1500, 02:00:00:00:00:03, DOWN
//	Expected
//	    <int>: 1500
//	to equal
//	    <int>: 9000
func HaveMTU(bytesOrMatcher any) types.GomegaMatcher {
	return &linkProperty{matcher: "HaveMTU", name: "MTU", of: linkMTU, want: bytesOrMatcher}
}

// HaveMAC succeeds if a netlink.Link has that hardware address, such as
// "02:00:5e:10:00:01" in lower case, or one that satisfies a matcher.
//
// It fails with:
//
//	Wrong link eth1 of
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	Wrong hardware address of link
//	    eth1: veth, MTU 1500, 02:00:00:00:00:03, DOWN
//	Expected
//	    <string>: 02:00:00:00:00:03
//	to equal
//	    <string>: 02:00:5e:10:00:01
func HaveMAC(addressOrMatcher any) types.GomegaMatcher {
	return &linkProperty{matcher: "HaveMAC", name: "hardware address", of: linkMAC, want: addressOrMatcher}
}

// BeOfType succeeds if a netlink.Link is of that type, such as "veth" or "bridge" (ip-link(8)), or of one that
// satisfies a matcher. Network hardware and lo are of type "device".
//
// It fails with:
//
//	Wrong link eth1 of
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	Wrong type of link
//	    eth1: veth, MTU 1500, 02:00:00:00:00:03, DOWN
//	Expected
//	    <string>: veth
//	to equal
//	    <string>: bridge
func BeOfType(typeOrMatcher any) types.GomegaMatcher {
	return &linkProperty{matcher: "BeOfType", name: "type", of: linkType, want: typeOrMatcher}
}

// HaveAddress succeeds if one of actual's network interfaces has the address, and the address satisfies all the
// matchers. With a prefix length, that has to be the same too; without one, any will do. The matchers get an
// [Address]; [HaveDevice] is made for it.
//
//	Expect(ns).To(HaveAddress("192.0.2.1/24", HaveDevice("eth0")))
//	Expect(ns).To(HaveAddress("2001:db8::1"))
//
// An IPv6 address counts if a socket can be bound to it. That is not so while the kernel checks whether another
// host has the same address (printed as tentative), nor if it has found one (dadfailed). If the interface is
// up, HaveAddress waits for the end of that check, which takes a second or two, unless actual is a netlink
// handle.
//
// It fails with:
//
//	Expected
//	    <*nstest.Fixture | 0xc00001e0a8>: server Set(net:[4026532281])
//	to have the address 192.0.2.1/24
//	It has
//	    127.0.0.1/8 on lo
//	    ::1/128 on lo
func HaveAddress(cidr string, matchers ...types.GomegaMatcher) types.GomegaMatcher {
	return &haveAddress{cidr: cidr, found: found{matchers: matchers}}
}

// HaveRoute succeeds if actual's main routing table has a route to exactly that
// network, host, or "default", which satisfies all the matchers. They get a
// [Route]; [HaveDevice] and [HaveGateway] are made for it.
//
//	Expect(ns).To(HaveRoute("default", HaveGateway("192.0.2.254")))
//	Expect(ns).To(HaveRoute("2001:db8::/32", HaveDevice("eth0")))
//
// "default" is a default route of IPv4 or IPv6, "0.0.0.0/0" one of IPv4, and "::/0" one of IPv6.
//
// It fails with:
//
//	Expected
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	to have the route to 10.0.0.0/8
//	It has
//	    default via 192.0.2.254 dev eth0
//	    192.0.2.0/24 dev eth0
//	    2001:db8::/64 dev eth0
//	    fe80::/64 dev eth0
func HaveRoute(destination string, matchers ...types.GomegaMatcher) types.GomegaMatcher {
	return &haveRoute{destination: destination, found: found{matchers: matchers}}
}

// HaveDevice succeeds if an [Address] is on the network interface of that name, or if one of the hops of a
// [Route] leaves through it.
//
// It fails with:
//
//	Wrong address 192.0.2.1 of
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	Expected
//	    192.0.2.1/24 on eth0
//	to have the device eth1
func HaveDevice(name string) types.GomegaMatcher { return &haveDevice{name: name} }

// HaveGateway succeeds if one of the hops of a [Route] is the gateway with that IP
// address.
//
// It fails with:
//
//	Wrong route to default of
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	Expected
//	    default via 192.0.2.254 dev eth0
//	to have the gateway 192.0.2.1
func HaveGateway(ip string) types.GomegaMatcher { return &haveGateway{ip: ip} }

// HaveRuleset succeeds if actual, a fixture, a Set or a text such as that of [Fixture.Nft], has that ruleset of
// nftables. Line ends, comments, handles, values of counters, names of priorities and the policy accept make no
// difference; the order of rules does.
//
//	Expect(router).To(HaveRuleset("table inet filter { chain in { type filter hook input priority filter; policy drop; }; }"))
//
// It fails with:
//
//	Expected
//	    <*nstest.Fixture | 0xc00001e0a8>: server Set(net:[4026532369])
//	to have the ruleset
//	    table inet filter {
//	    }
//	It has
//	    nothing
//	The first difference is
//	    want: table inet filter {
//	    has:  nothing more
func HaveRuleset(ruleset string) types.GomegaMatcher { return &haveRuleset{want: ruleset} }

// Reach succeeds if the address answers from inside of actual's network namespace: a TCP connection can be made
// to "192.0.2.1:80" or "[2001:db8::1]:80", and "192.0.2.1" sends a reply to an ICMP echo request. A link-local
// address needs the name of an interface: "fe80::1%eth0". Names are not resolved.
//
//	Eventually(client).Should(Reach("192.0.2.2:80"))
//
// It waits two and a half seconds for the answer, and [ReachWithin] as long as you like: less where you expect none. That is
// enough for a packet that is lost once, as any may be in a machine that has too much to do: echo requests are sent
// four times a second, and the kernel asks once a second for a connection, and for the hardware address of
// a neighbour (ARP, ND).
//
// It fails if anything keeps the answer from coming, such as a route, a firewall or the other host, and the
// message has what is known about the cause. Actual is what the matchers of namespaces take, see [HaveID].
//
// It fails with:
//
//	Expected
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	to reach 192.0.2.2:80
//	but
//	    dial tcp 192.0.2.2:80: connect: connection refused
func Reach(address string) types.GomegaMatcher {
	return &reach{matcher: "Reach", address: address, within: reachWithin}
}

// ReachWithin is [Reach] with another time to wait for the answer.
//
//	Expect(client).To(ReachWithin(3*time.Second, "192.0.2.2"))
//
// It fails with:
//
//	Expected
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	to reach 192.0.2.9
//	but
//	    no reply to an echo request from 192.0.2.9
func ReachWithin(limit time.Duration, address string) types.GomegaMatcher {
	return &reach{matcher: "ReachWithin", address: address, within: limit}
}
