// SPDX-License-Identifier: Apache-2.0

// Package gons moves a whole program into existing namespaces, before it does anything
// else: import the package, and name the namespaces in the environment.
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
// it runs in these two namespaces, and in those of its parent otherwise. If something
// goes wrong, [Status] returns it:
//
//	gons: gons_net=/proc/1/ns/net: setns: operation not permitted
//
// A blank import joins the namespaces, too. But if that fails, the program goes on
// where it is and does not notice, unless it calls Status.
//
// # Variables
//
// gons_cgroup, gons_ipc, gons_mnt, gons_net, gons_pid, gons_time, gons_user and
// gons_uts each have the path of a namespace file. gons_order has the names of the
// kinds, separated by commas, in the order in which to join them; every kind that has a
// path must be in it. If there is a ! before a name, its path is opened before the
// first namespace is joined; otherwise it is opened right before its own namespace is
// joined. This matters because all paths have another meaning in another mount
// namespace. The default is
//
//	!user,!mnt,!cgroup,!ipc,!net,!pid,!uts,!time
//
// The user namespace comes first because it gives the right to join the namespaces that
// it owns. To join namespaces that it does not own, put it last. The time namespace
// comes last because nothing depends on it.
//
// The variables are removed from the environment: neither the program nor its children
// see them. A set-user-ID program, or one with file capabilities, ignores them
// (getauxval(3), AT_SECURE), and Status says so.
//
// # With cgo and without
//
// With cgo, namespaces are joined by a C constructor, on the only thread there is.
// The process is neither forked nor executed again. If one of several namespaces
// cannot be joined, the program is in those before it; see [Status].
//
// Without cgo, a thread joins them while packages are initialised, and then executes
// the program again, once: same process ID, arguments, descriptors and limits. Packages
// that are initialised before this one are therefore initialised twice. Either all
// namespaces are joined or none. A user or a time namespace needs cgo, because the
// kernel demands a single thread (setns(2)).
//
// # What to know
//
//   - Joining a mount namespace changes the working directory and the root to the
//     root of that namespace.
//   - A program that joins a pid namespace does not move itself, only its future
//     children, and the kernel then refuses it further threads, without which no Go
//     program runs (pid_namespaces(7)). So every pid namespace but the program's own is
//     an error. Start the child in it instead, with the Command method of package set's
//     Set.
//   - To join a namespace that the program is in already takes no right.
//
// # When not to use it
//
// For one piece of work, package set runs a function in other namespaces, and package
// reexec runs it in another process; in both cases the rest of the program stays where
// it is. To make new namespaces, use package set; this one only joins. Do not import it
// in a library: only a program may decide whether its environment can move it.
package gons
