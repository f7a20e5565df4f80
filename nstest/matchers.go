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
func ShareNamespaces(other any, kinds ...int) types.GomegaMatcher {
	return &shareNamespaces{other: other, kinds: kinds}
}

// BeIsolatedFrom succeeds if actual and other, a Set or what has one, are in
// different namespaces in all the kinds, which are given as for
// [ShareNamespaces].
//
//	Expect(a).To(BeIsolatedFrom(b))
func BeIsolatedFrom(other any, kinds ...int) types.GomegaMatcher {
	return &shareNamespaces{other: other, kinds: kinds, none: true}
}

// HaveNamespaces succeeds if actual holds a namespace of each of the kinds, and
// maybe of others.
//
//	Expect(s).To(HaveNamespaces(gonso.NS_NET | gonso.NS_UTS))
func HaveNamespaces(kinds int) types.GomegaMatcher {
	return &haveNamespaces{kinds: kinds}
}

// BeCurrent succeeds if the calling goroutine is in actual's namespaces, in each
// kind that actual holds. For pid and time that means that its children will be.
//
//	ns.Do(func() { Expect(ns).To(BeCurrent()) })
//
// Eventually and Consistently look from the goroutine that calls them, too.
func BeCurrent() types.GomegaMatcher { return &beCurrent{} }

// BeMountedAt succeeds if actual's namespaces are mounted at path, as the calling
// goroutine sees it. Is path a folder, then each of actual's namespaces must be
// mounted in it, on a file that is named after its kind, as Set.Mount does; else
// one of them, as Set.MountNS does and ip-netns(8).
//
//	Expect(ns).To(BeMountedAt("/run/netns/router"))
//
// It tells so also of a file that was not mounted but is the kernel's own, as
// they are in /proc/PID/ns, only not of the symbolic links there.
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
// [netlink.Link]: https://pkg.go.dev/github.com/vishvananda/netlink#Link
// [netlink.Handle]: https://pkg.go.dev/github.com/vishvananda/netlink#Handle
func HaveLink(name string, matchers ...types.GomegaMatcher) types.GomegaMatcher {
	return &haveLink{name: name, found: found{matchers: matchers}}
}

// BeUp succeeds if a netlink.Link is switched on and can carry packets. An end of
// a veth pair cannot as long as the other end is switched off. The kernel may take
// a second to see that it now can: use it with Eventually.
func BeUp() types.GomegaMatcher { return &beUp{} }

// HaveMTU succeeds if a netlink.Link has that MTU, in bytes, or one that
// satisfies a matcher.
func HaveMTU(bytesOrMatcher any) types.GomegaMatcher {
	return &linkProperty{matcher: "HaveMTU", name: "MTU", of: linkMTU, want: bytesOrMatcher}
}

// HaveMAC succeeds if a netlink.Link has that hardware address, such as
// "02:00:5e:10:00:01" in lower case, or one that satisfies a matcher.
func HaveMAC(addressOrMatcher any) types.GomegaMatcher {
	return &linkProperty{matcher: "HaveMAC", name: "hardware address", of: linkMAC, want: addressOrMatcher}
}

// BeOfType succeeds if a netlink.Link is of that type, such as "veth" or "bridge"
// (ip-link(8)), or of one that satisfies a matcher. Those that are not made by
// software, and lo, are of type "device".
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
// An IPv6 address that the kernel still looks for a duplicate of, or has found
// one of, cannot be used, and is not there for HaveAddress.
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
func HaveRoute(destination string, matchers ...types.GomegaMatcher) types.GomegaMatcher {
	return &haveRoute{destination: destination, found: found{matchers: matchers}}
}

// HaveDevice succeeds if an [Address] is one of that network interface's, or if
// one of the hops of a [Route] leaves through it.
func HaveDevice(name string) types.GomegaMatcher { return &haveDevice{name: name} }

// HaveGateway succeeds if one of the hops of a [Route] is the gateway with that IP
// address.
func HaveGateway(ip string) types.GomegaMatcher { return &haveGateway{ip: ip} }

// Reach succeeds if the address answers from inside of actual's network
// namespace: a TCP connection can be made to "192.0.2.1:80" or "[2001:db8::1]:80",
// and "192.0.2.1" sends a reply to an ICMP echo request. An address of a link has
// its interface with it, "fe80::1%eth0". Names are not resolved.
//
//	Eventually(client).Should(Reach("192.0.2.2:80"))
//
// It waits for the answer for half a second, or for as long as within says. What
// is lost on a link that is not up yet the kernel sends again after a second, so
// that Eventually needs more than that, or [BeUp] comes first.
//
// All that keeps the answer from coming, be it a route, a firewall or the other
// host, makes it fail, and the message has what is known about that. It takes
// what the matchers of namespaces take.
func Reach(address string, within ...time.Duration) types.GomegaMatcher {
	return &reach{address: address, within: within}
}

// HaveLeakedThreads succeeds if threads of this process are in other namespaces
// than the process, which were not there at the time of the snapshot before.
//
//	before := nstest.Snapshot()
//	doSomething()
//	Eventually(nstest.Snapshot).ShouldNot(HaveLeakedThreads(before))
//
// As for all matchers of leaks, actual is what [Snapshot] returns, or that
// function. Eventually gives time to what is about to end: a goroutine's thread
// ends a moment after the goroutine.
//
// A leak is what is there now and was not before, whoever made it: what a fixture
// holds that was made in between, another test that runs in parallel.
func HaveLeakedThreads(before *Inventory) types.GomegaMatcher {
	return &haveLeaked{matcher: "HaveLeakedThreads", things: "threads", list: leakedThreads, before: before}
}

// HaveLeakedNamespaces succeeds if this process holds namespaces that it did not
// hold at the time of the snapshot before, by a descriptor, a mount, a thread or a
// child process. See [HaveLeakedThreads] for how to use it.
func HaveLeakedNamespaces(before *Inventory) types.GomegaMatcher {
	return &haveLeaked{matcher: "HaveLeakedNamespaces", things: "namespaces", list: leakedNamespaces, before: before}
}

// HaveLeakedFds succeeds if this process has file descriptors that it did not have
// at the time of the snapshot before. See [HaveLeakedThreads] for how to use it.
func HaveLeakedFds(before *Inventory) types.GomegaMatcher {
	return &haveLeaked{matcher: "HaveLeakedFds", things: "descriptors", list: leakedFds, before: before}
}

// HaveLeakedProcesses succeeds if this process has children, running or not
// waited for, that it did not have at the time of the snapshot before. See
// [HaveLeakedThreads] for how to use it.
func HaveLeakedProcesses(before *Inventory) types.GomegaMatcher {
	return &haveLeaked{matcher: "HaveLeakedProcesses", things: "processes", list: leakedProcesses, before: before}
}
