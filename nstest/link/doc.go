// SPDX-License-Identifier: Apache-2.0

// Package link makes network links in the fixtures of package nstest: one function
// for each kind of link, and [New] for all the others that the kernel has.
//
//	client, server := nstest.New(t, gonso.NS_NET), nstest.New(t, gonso.NS_NET)
//	a, b := link.Veth(t, client, server) // eth0 in both, up
//	a.AddAddress("192.0.2.1/24")
//	b.AddAddress("192.0.2.2/24")
//
// A link is made by one request to the kernel, in its namespace, with its name, MTU and hardware address, and
// up: nobody can see it in another namespace or half made. Only the second end of a veth is switched on by a
// second request, since the kernel refuses to do that in the first one. It is deleted at the end of the test,
// before its namespace. The test may rename it, move it by [Link.MoveTo] or delete it. Only a link that the
// test has moved by other means is not deleted: it stays until its namespace ends.
//
// If a link cannot be made, the test ends at the caller's line. If the kernel does not have that kind of link,
// the test is skipped, see [nstest.Require].
//
// For whole networks, with routers, routes and faults, use package topo.
package link
