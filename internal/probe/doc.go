// SPDX-License-Identifier: Apache-2.0

// Package probe finds out what this machine lets this process do with
// namespaces, and what helps where it does not.
//
//	if r := probe.Kind(kind.Net); r.OK != probe.Yes {
//		fmt.Println(r.Cause)  // unshare: operation not permitted: the process has no CAP_SYS_ADMIN
//		fmt.Println(r.Remedy) // gonso exec -- go test ./...
//	}
//
// Every check does what it asks about, and uses what it got: that a namespace can
// be created says little. Ubuntu 24.04 creates a user namespace for everybody and
// then denies the capabilities that it is for.
//
// Nothing that a check does outlives it. It works on a thread that ends
// afterwards, or in a child that never runs a program: a thread of a Go process
// cannot enter a user namespace, and this process's executable is not ours to
// run.
//
//   - A child that is to do something goes through what [syscall.SysProcAttr]
//     can ask for (clone, map, unshare, a change of mount propagation, chroot),
//     and then executes a file that cannot exist. The error of that exec, ENOTDIR, tells that
//     all before it went well.
//   - A child that somebody else has to act on, such as newuidmap, executes this
//     program, but is stopped before the first instruction (ptrace(2)), and
//     killed.
//
// What was answered with yes or no is not tried again.
package probe
