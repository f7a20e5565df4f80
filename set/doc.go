// SPDX-License-Identifier: Apache-2.0

// Package set holds Linux namespaces, makes new ones and runs functions in them.
//
// Namespaces belong to threads, and Go hides its threads. A [Set] is what a Go
// program can hold instead: [Current], [FromDir], [FromPid] and [FromFds] take
// namespaces that exist, [Unshare] makes new ones, and [Set.Do] runs a function
// inside, on a thread that nobody else will ever see.
//
//	net, err := set.Unshare(set.NS_NET)
//	if err != nil {
//		return err
//	}
//	defer net.Close()
//	err = net.Do(func() {
//		links, err = netlink.LinkList() // only lo
//	})
//
// What fails inside of Do fails outside: a panic and runtime.Goexit, and with
// them t.Fatal, require and Expect, end the goroutine that called Do.
//
// Errors say what was tried, on which kind, and what helps:
//
//	gonso: unshare net: operation not permitted (the process has no CAP_SYS_ADMIN; run it as root,
//	or in a user namespace as nstest.Main and gonso exec do)
//
// # When something runs out
//
// A limit that is reached is an error in which errors.Is finds the errno: EMFILE for
// descriptors, ENOSPC for namespaces and file systems, EAGAIN for processes. Nothing is left
// behind, and the next call works once there is room. Threads are the exception: Go ends
// the program if the kernel gives it no new one (RLIMIT_NPROC, pids.max), and Do takes one.
//
// # What a thread cannot do
//
// A Go process has many threads, and the kernel lets none of them join a user or
// a time namespace; its own pid namespace no thread can ever change. For a Set
// with one of these, Do gives [ErrNeedsProcess] or, for pid, concerns only the
// children that f starts. Start a process in the Set, with [Set.Command], or use
// package reexec, which runs a function of this program in one.
//
// # What a goroutine in a namespace sees
//
// Only the thread that runs f is in the Set, and some files of /proc are about the process,
// which for the kernel is its main thread:
//
//   - /proc/net, /proc/mounts and all of /proc/self (ns, mountinfo, net, cgroup) show where the
//     process is, inside of Do too. /proc/thread-self/net, /proc/thread-self/mounts and so on show
//     where the thread is. Libraries that read /proc/self/mountinfo get the process's mounts.
//   - /proc/sys shows the settings of the thread's own namespaces, and paths lead through its own
//     mounts. /sys/class/net shows the network namespace of whoever mounted that /sys;
//     fixtures of nstest with both kinds mount one of their own.
//   - Goroutines that f starts are outside, and so are the functions of [time.AfterFunc] and what
//     a library does on goroutines of its own: package net's dialer and resolver, for example, and
//     every server's handlers.
//   - A socket stays in the network namespace that it was made in, whoever uses it.
//   - Children that f starts with os/exec are where the thread is. They begin with one thread, for
//     which /proc/self is right.
//   - In a mount namespace the working directory is the thread's own: os.Chdir in there moves no
//     other goroutine.
//
// # When not to use it
//
// Goroutines that f starts are not in the Set. A library that starts goroutines
// of its own, such as net/http, is better given [Set.DialContext] and
// [Set.Listen]: a socket stays in the network namespace that it was made in.
//
// On every GOOS but Linux the package compiles, and what makes a Set gives an
// error for which errors.Is(err, errors.ErrUnsupported) holds.
package set
