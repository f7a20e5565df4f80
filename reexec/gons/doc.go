// SPDX-License-Identifier: Apache-2.0

// Package gons moves a program into namespaces that exist already, all of it and
// before it does anything: import it, and say in the environment where to.
//
//	package main
//
//	import (
//		"log"
//
//		"github.com/seed-1bc5c4a2/gonso/reexec/gons"
//	)
//
//	func main() {
//		if err := gons.Status(); err != nil {
//			log.Fatal(err)
//		}
//		// ...
//	}
//
// Started as
//
//	gons_net=/run/netns/blue gons_mnt=/proc/4711/ns/mnt ./program
//
// it runs in these two namespaces, and in those of its parent otherwise. What does
// not work is told by [Status]:
//
//	gons: gons_net=/proc/1/ns/net: setns: operation not permitted
//
// A blank import switches too. But nothing stops a program that is not where it
// should be, unless it asks for the status.
//
// # Variables
//
// gons_cgroup, gons_ipc, gons_mnt, gons_net, gons_pid, gons_time, gons_user and
// gons_uts each have the path of a namespace file. gons_order has the names of the
// kinds, separated by commas, in the order in which to join them; every kind that
// has a path must be in it. A ! before a name has its path opened before the first
// namespace is joined, and not just before it is joined itself: joining a mount
// namespace gives all paths another meaning. The default is
//
//	!user,!mnt,!cgroup,!ipc,!net,!pid,!uts,!time
//
// A user namespace comes first since it gives the rights to join what it owns. To
// join what it does not own, put it last. Time is last since nothing depends on it.
//
// The variables are removed from the environment: neither the program nor its
// children see them. A set-user-ID program, or one with file capabilities, does
// not follow them (getauxval(3), AT_SECURE) and says so.
//
// # With cgo and without
//
// With cgo, namespaces are joined by a C constructor, on the only thread there is.
// The process is neither forked nor executed again. If one of several namespaces
// cannot be joined, the program is in those before it; see [Status].
//
// Without cgo, a thread joins them while packages are initialised, and then
// executes the program again, once: same process ID, arguments, descriptors and
// limits. Packages that are initialised before this one are so twice. Either all
// namespaces are joined or none. A user or a time namespace needs cgo, because the
// kernel demands a single thread (setns(2)).
//
// # What to know
//
//   - Joining a mount namespace changes the working directory and the root to the
//     root of that namespace.
//   - A pid namespace would be joined by future children only, never by the program
//     itself, and the kernel then refuses it further threads, without which no Go
//     program runs (pid_namespaces(7)). So any but the program's own is refused.
//     Start the child in it instead, with the Command method of package set's Set.
//   - Where the program is in a namespace already, no right is needed to join it.
//
// # When not to use it
//
// For one piece of work, package set runs a function in other namespaces, and
// package reexec runs it in another process; in both cases the rest of the program
// stays where it is. To make new namespaces, use package set; this one only joins.
// Do not import it in a library: what the environment may move is up to the program.
package gons
