// SPDX-License-Identifier: Apache-2.0

// Package link makes network links in the fixtures of package nstest: one function
// for each kind of link, and [New] for all the others that the kernel has.
//
//	client, server := nstest.New(t, gonso.NS_NET), nstest.New(t, gonso.NS_NET)
//	a, b := link.Veth(t, client, server) // eth0 in both, up
//	a.AddAddress("192.0.2.1/24")
//	b.AddAddress("192.0.2.2/24")
//
// A link is made by one request to the kernel, in its namespace, with its name, MTU
// and hardware address, and up: at no moment is it seen anywhere else, or half made. Only
// the far end of a veth is switched on by a second request, since the kernel refuses to do it
// by the first.
// It is deleted at the end of the test, before its namespace. That the test has
// renamed it, moved it by [Link.MoveTo] or deleted it makes no difference. Only a link that
// the test moved by other means stays where it is, until that namespace ends.
//
// What cannot be made ends the test at the caller's line. A kind of link that the
// kernel lacks skips the test, see [nstest.Require].
//
// Whole networks, with routers, routes and faults, take less with package topo.
package link
