// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"github.com/onsi/gomega/types"

	"github.com/seed-1bc5c4a2/gonso/internal/leak"
)

// HaveLeaked succeeds if this process has anything that it did not have at the time of the snapshot
// before: a thread in other namespaces, a namespace, a descriptor, a child process or a mount. See
// [HaveLeakedThreads], which is about one kind of these, for how to use it.
//
//	Eventually(nstest.Snapshot).ShouldNot(HaveLeaked(before, nstest.Ignoring("^mount ")))
//
// In plain tests [VerifyNoLeaks] does the same with one line.
//
// Where something leaked, ShouldNot says:
//
//	Expected not to have leaked anything, but found 1:
//	    descriptor 19: /dev/null
func HaveLeaked(before *Inventory, opts ...LeakOption) types.GomegaMatcher {
	return &haveLeaked{matcher: "HaveLeaked", things: "anything", list: leak.Report.Lines, before: before, options: opts}
}

// HaveLeakedThreads succeeds if threads of this process are in other namespaces than the process, and were not
// at the time of the snapshot before.
//
//	before := nstest.Snapshot()
//	doSomething()
//	Eventually(nstest.Snapshot).ShouldNot(HaveLeakedThreads(before))
//
// As for all matchers of leaks, actual is the function [Snapshot], or what it returns. Use Eventually with the
// function: what is about to end may take a moment, such as the thread of a goroutine that has ended.
//
// Everything that is there now and was not before is a leak, whoever made it: it may belong to a fixture that
// was made in between, or to another test that runs in parallel. [Ignoring] makes exceptions.
//
// Where something leaked, ShouldNot says:
//
//	Expected not to have leaked threads, but found 1:
//	    thread 7174: uts:[4026532281] instead of uts:[4026532369] (moved at router_test.go:12 in router.TestForwards)
func HaveLeakedThreads(before *Inventory, opts ...LeakOption) types.GomegaMatcher {
	return &haveLeaked{matcher: "HaveLeakedThreads", things: "threads", list: leakedThreads, before: before, options: opts}
}

// HaveLeakedNamespaces succeeds if this process holds namespaces that it did not
// hold at the time of the snapshot before, by a descriptor, a mount, a thread or a
// child process. See [HaveLeakedThreads] for how to use it.
//
// Where something leaked, ShouldNot says:
//
//	Expected not to have leaked namespaces, but found 1:
//	    namespace net:[4026532281], held by descriptor 21 (net:[4026532281]) (a Set made at router_test.go:12 in router.TestForwards)
func HaveLeakedNamespaces(before *Inventory, opts ...LeakOption) types.GomegaMatcher {
	return &haveLeaked{matcher: "HaveLeakedNamespaces", things: "namespaces", list: leakedNamespaces, before: before, options: opts}
}

// HaveLeakedFds succeeds if this process has file descriptors that it did not have
// at the time of the snapshot before. See [HaveLeakedThreads] for how to use it.
//
// Where something leaked, ShouldNot says:
//
//	Expected not to have leaked descriptors, but found 1:
//	    descriptor 19: /dev/null
func HaveLeakedFds(before *Inventory, opts ...LeakOption) types.GomegaMatcher {
	return &haveLeaked{matcher: "HaveLeakedFds", things: "descriptors", list: leakedFds, before: before, options: opts}
}

// HaveLeakedProcesses succeeds if this process has children, running or not
// waited for, that it did not have at the time of the snapshot before. See
// [HaveLeakedThreads] for how to use it.
//
// Where something leaked, ShouldNot says:
//
//	Expected not to have leaked processes, but found 1:
//	    process 7177 (sleep): ["sleep" "1000"]
func HaveLeakedProcesses(before *Inventory, opts ...LeakOption) types.GomegaMatcher {
	return &haveLeaked{matcher: "HaveLeakedProcesses", things: "processes", list: leakedProcesses, before: before, options: opts}
}
