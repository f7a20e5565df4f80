// SPDX-License-Identifier: Apache-2.0

// Package set holds Linux namespaces, makes new ones and runs functions in them.
//
// Namespaces belong to threads, and Go hides its threads. A [Set] is what a Go program
// can hold instead: [Current], [FromDir], [FromPid] and [FromFds] take namespaces that
// exist, [Unshare] makes new ones, and [Set.Do] runs a function inside, on a thread
// that no other goroutine ever uses.
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
// behind, and the next call works once there is room. Threads are the exception: Do needs a
// new one, and Go ends the program if the kernel refuses it (RLIMIT_NPROC, pids.max).
//
// # What a thread cannot do
//
// A Go process has many threads, and the kernel lets none of them join a user or a time
// namespace. No thread can change its own pid namespace either. For a Set with a user
// or time namespace other than the process's, Do returns [ErrNeedsProcess]. If the Set
// has a pid namespace, only the children that f starts are in it. Start a process in
// the Set, with [Set.Command], or use package reexec, which runs a function of this
// program in one.
//
// # The main thread
//
// Go never ends the main thread of a program, so nothing is run in a Set there. The first goroutine of a
// Do that Go puts on it ends there, and Go parks the thread until the program ends: no other goroutine runs
// there any more, nor does the main goroutine. Programs to which that thread matters, as to those with
// a window, lock the main goroutine to it in an init function, as [runtime.LockOSThread] says; then nothing
// changes for them.
//
// # What a goroutine in a namespace sees
//
// Only the thread that runs f is in the Set, and some files of /proc describe the process,
// by which the kernel means its main thread:
//
//   - /proc/net, /proc/mounts and all of /proc/self (ns, mountinfo, net, cgroup) show where the
//     process is, inside of Do too. /proc/thread-self/net, /proc/thread-self/mounts and so on show
//     where the thread is. Libraries that read /proc/self/mountinfo get the process's mounts.
//   - /proc/sys shows the settings of the thread's own namespaces, and paths lead through its own
//     mounts. /sys/class/net shows the network namespace in which that /sys was mounted; fixtures
//     of nstest that have a network and a mount namespace mount a /sys of their own.
//   - Goroutines that f starts are outside. So are the functions of time.AfterFunc, and the
//     goroutines that a library starts: package net's dialer and resolver, for example, and every
//     server's handlers.
//   - Package net keeps what it has read of /etc/hosts for five seconds, for all goroutines. In a mount namespace
//     with another such file, a name that [net.LookupHost] finds is found outside as well in that time, and the other
//     way round. [Set.DialContext] reads the Set's own files, and keeps nothing.
//   - A socket stays in the network namespace that it was made in, whichever thread
//     uses it.
//   - Children that f starts with os/exec are in the namespaces of the thread. They begin with a
//     single thread, so /proc/self is right for them.
//   - In a mount namespace the working directory is the thread's own: os.Chdir inside of Do
//     changes it for no other goroutine.
//
// # When not to use it
//
// Goroutines that f starts are not in the Set. A library that starts goroutines
// of its own, such as net/http, is better given [Set.DialContext] and
// [Set.Listen]: a socket stays in the network namespace that it was made in.
//
// On other systems than Linux the package compiles, and the functions that make a Set
// return an error for which errors.Is(err, errors.ErrUnsupported) holds.
package set
