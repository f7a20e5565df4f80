// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"time"

	"github.com/onsi/gomega/types"
)

// HaveID succeeds if actual's namespace of that kind has an ID, the kernel's name
// such as "net:[4026531840]", or one that satisfies a matcher:
//
//	Expect(ns).To(HaveID(gonso.NS_NET, "net:[4026532281]"))
//	Expect(ns).To(HaveID(gonso.NS_NET, HavePrefix("net:")))
//
// Like all matchers of namespaces it takes a [set.Set], a [Fixture] or anything
// else with a method Set() set.Set.
//
// The kernel gives the ID of a namespace that is gone to another one. Whether two
// namespaces are the same is what [ShareNamespaces] tells.
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

// ShareNamespaces succeeds if actual and other, a Set or what has one, are in the
// same namespaces of all the kinds. Several kinds can be given one by one or
// combined with |; none stands for each kind that both hold.
//
//	Expect(ns).To(ShareNamespaces(other, gonso.NS_NET, gonso.NS_UTS))
//
// Its opposite is that one of the kinds differs. That all of them do is
// [BeIsolatedFrom].
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

// BeInNetNS succeeds if actual is a socket of the network namespace of other, a Set or what has one. A
// socket stays where it was made, wherever its program goes. It is what has a method SyscallConn, such as a
// [net.Conn] or [net.Listener] of package net, or a descriptor.
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

// BeIsolatedFrom succeeds if actual and other, a Set or what has one, are in
// different namespaces in all the kinds, which are given as for
// [ShareNamespaces].
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

// BeCurrent succeeds if the calling goroutine is in actual's namespaces, in each
// kind that actual holds. For pid and time that means that its children will be.
//
//	ns.Do(func() { Expect(ns).To(BeCurrent()) })
//
// Eventually and Consistently look from the goroutine that calls them, too.
//
// It fails with:
//
//	Expected
//	    <*nstest.Fixture | 0xc00001e0a8>: client Set(net:[4026532281])
//	to be where this goroutine is
//	but
//	    net:[4026532281] is not net:[4026532369]
func BeCurrent() types.GomegaMatcher { return &beCurrent{} }

// BeMountedAt succeeds if actual's namespaces are mounted at path, as the calling
// goroutine sees it. If path is a folder, each of actual's namespaces must be
// mounted in it, on a file that is named after its kind, as Set.Mount does. If it is
// a file, one of them must be mounted on it, as Set.MountNS and ip-netns(8) do.
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

// HaveLink succeeds if actual has a network interface of that name, which
// satisfies all the matchers. They get a [netlink.Link]; [BeUp], [HaveMTU],
// [HaveMAC] and [BeOfType] are made for it.
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

// BeUp succeeds if a netlink.Link is switched on and can carry packets, for which
// messages and reports have the word UP. An end of a veth pair cannot as long as the
// other end is switched off (NO-CARRIER). The kernel may take a second to see that it
// now can: use it with Eventually.
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

// BeOfType succeeds if a netlink.Link is of that type, such as "veth" or "bridge"
// (ip-link(8)), or of one that satisfies a matcher. Those that are not made by
// software, and lo, are of type "device".
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

// HaveAddress succeeds if one of actual's network interfaces has an address, with
// its prefix length or, whatever that is, without, that satisfies all the
// matchers. They get an [Address]; [HaveDevice] is made for it.
//
//	Expect(ns).To(HaveAddress("192.0.2.1/24", HaveDevice("eth0")))
//	Expect(ns).To(HaveAddress("2001:db8::1"))
//
// An IPv6 address that no socket can be bound to does not count: one of which the
// kernel still looks for a duplicate, which is printed as tentative, or has found
// one, dadfailed. On an interface that runs it is waited for until the kernel knows, which
// takes a second or two, unless actual is a netlink handle.
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
// A default route is one of either IP version; "0.0.0.0/0" and "::/0" tell them
// apart.
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

// HaveDevice succeeds if an [Address] is one of that network interface's, or if
// one of the hops of a [Route] leaves through it.
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

// HaveRuleset succeeds if actual, a fixture, a Set or a text such as that of [Fixture.Nft], has that ruleset of nftables. Line ends,
// comments, handles, what was counted, names of priorities and the policy accept make no difference; the order of rules does.
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

// Reach succeeds if the address answers from inside of actual's network
// namespace: a TCP connection can be made to "192.0.2.1:80" or "[2001:db8::1]:80",
// and "192.0.2.1" sends a reply to an ICMP echo request. An address of a link has
// its interface with it, "fe80::1%eth0". Names are not resolved.
//
//	Eventually(client).Should(Reach("192.0.2.2:80"))
//
// It waits for the answer for half a second; [ReachWithin] is for those that take longer. What
// is lost on a link that is not up yet the kernel sends again after a second, so
// that Eventually needs more than that, or [BeUp] comes first.
//
// All that keeps the answer from coming, be it a route, a firewall or the other
// host, makes it fail, and the message has what is known about that. It takes
// what the matchers of namespaces take.
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
