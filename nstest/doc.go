// SPDX-License-Identifier: Apache-2.0

// Package nstest gives tests Linux namespaces of their own, in plain testing, in
// testify and in Ginkgo, as root and as an ordinary user.
//
//	func TestMain(m *testing.M) { nstest.Main(m) }
//
//	func TestRouter(t *testing.T) {
//		ns := nstest.New(t, gonso.NS_NET) // fresh, from a pool, closed when the test ends
//		ns.Do(func() {
//			// t.Fatal, require, Expect and panics work in here
//		})
//	}
//
// In Ginkgo, a decorator puts all nodes of a spec into one fresh Set:
//
//	var _ = Describe("router", nstest.Inside(gonso.NS_NET), func() {
//		It("sees only lo", func() { ... })
//	})
//
// [Enter] and [Run] do that for plain tests, [Fixture.Enter] and [Fixture.Run] with a fixture that is there
// already. [Here] returns the fixture that a test runs in.
//
// Matchers look at Sets and their networks, and work under Eventually:
//
//	Expect(a).To(nstest.BeIsolatedFrom(b))
//	Eventually(a).Should(nstest.HaveLink("eth0", nstest.BeUp()))
//
// Goroutines cannot enter some namespaces, such as user and pid namespaces. [InProcess] runs a subtest in a
// process of its own for these.
//
// TestMain needs the line above for ordinary users: [Main] runs the test binary
// again in a user namespace, if the process may not make namespaces. Without the
// line, tests that need namespaces fail for them, and say so. Where the
// machine forbids user namespaces, tests are skipped with the cause and what helps:
//
//	router_test.go:12: nstest: gonso: unshare net: operation not permitted (the process has no
//	CAP_SYS_ADMIN; run it as root, or in a user namespace as nstest.Main and gonso exec do;
//	what may be in the way of that: kernel.unprivileged_userns_clone is 0;
//	try: sudo sysctl -w kernel.unprivileged_userns_clone=1)
//
// With NSTEST_STRICT=1, which is meant for CI, they fail instead.
//
// A debugger sees the tests of such a run from inside: gonso exec -- dlv test
//
// # When a test fails
//
// The log of a test that fails, even if it fails in a clean-up, has the state of each of its fixtures; in
// Ginkgo it is a report entry. The state is read before fixtures are closed, over netlink and procfs, so that
// no tool is needed. A test that passes logs nothing. This is a sample:
//
//	router_test.go:21: no answer from 192.0.2.2
//	router_test.go:14: nstest: fixture client as the test failed: net:[4026532193]
//	    links
//	      lo    UP                       127.0.0.1/8 ::1/128
//	      eth0  UP    82:63:03:9e:f9:d1  192.0.2.1/24         veth, peer if2 in net:[4026532246]
//	    routes
//	      192.0.2.0/24 dev eth0 src 192.0.2.1
//	    neighbours
//	      192.0.2.2  dev eth0  FAILED
//	    sockets
//	      tcp  LISTEN  192.0.2.1:80
//
// There are also sections for rules, nftables, mounts, the host name and processes, if there is anything in
// them that did not come with the namespace.
//
// With NSTEST_KEEP=failed the namespaces of a test that fails outlive it, and the log has, for each fixture, a
// command of gonso and one of nsenter(1) that start a shell in it. With NSTEST_PAUSE=failed the test waits before
// its clean-ups, with everything alive. docs/debugging.md has more on both.
//
// If a test hangs, package testing prints the goroutines when the time of -test.timeout is over. Two seconds
// before, [Main] prints the state of all open fixtures, and the tests that they belong to. In Ginkgo, progress
// reports have that state, such as the report on a node that has timed out.
//
// A process that is left in a fixture when its test has ended is named and killed, and fails the test, unless
// it ends by itself in a quarter of a second. nstest finds the children of this process, the processes that a
// child left behind, and all that these have started.
//
// NSTEST_TRACE=failed and NSTEST_PCAP=failed keep a page with all that happened, and the packets, of each test that fails: see package
// [github.com/seed-1bc5c4a2/gonso/nstest/trace], which has to be linked.
//
// # Environment variables
//
// A value that a variable does not have fails the run before any test.
//
//   - NSTEST_ROOTLESS says whether tests run in a user namespace, and with which network: see [Main] and [OwnNetwork].
//   - NSTEST_STRICT=1 has tests fail that would be skipped for want of something. With 0 they are skipped also where the kernel should
//     have it.
//   - NSTEST_KEEP=failed, or all, keeps the namespaces of tests, and NSTEST_PAUSE=failed has a test that fails wait. With
//     NSTEST_KEEP=failed,processes, or all,processes, programs that the tests have started live on in them.
//   - NSTEST_TRACE and NSTEST_PCAP, each failed or all, say of which tests a trace and a capture are kept.
//   - NSTEST_ARTIFACTS is the folder for that, unless go test -artifacts is. Without both, and TEST_UNDECLARED_OUTPUTS_DIR, it is a new
//     one among the temporary files, which the log of the test names.
//   - NSTEST_SEED repeats the random decisions of networks: see package nstest/topo.
//   - NSTEST_LOSE repeats one run of a test that loses each frame once: see package nstest/topo.
//   - TEST_TOTAL_SHARDS and TEST_SHARD_INDEX have a part of the tests run, and NSTEST_TIMES has the parts go by how long tests took:
//     see [Main].
//
// # What a goroutine in a namespace sees
//
// In Do, Enter and Inside the test's goroutine is in the namespaces, on a thread of its own, and the
// rest of the process is not:
//
//   - /proc/self, /proc/net and /proc/mounts are about the process; /proc/thread-self is right.
//   - Goroutines that the test starts are outside. They call [Fixture.Do] themselves, or get a socket
//     from [Fixture.DialContext], [Fixture.Listen] or [Fixture.HTTPClient], which stays in the network
//     that it was made in.
//   - Package net keeps what it has read of /etc/hosts for five seconds, for the whole process: after [Fixture.Hosts], and on hosts of
//     package topo, names of one fixture are found in others by [net.LookupHost] and net.Dial. DialContext and HTTPClient of a fixture
//     read its own files, and keep nothing.
//   - Subtests of t.Run are goroutines, too: [Fixture.Run] and [Run] start those that are inside.
//   - Programs that the test starts with os/exec are inside, and see all of it as it is.
//   - In a mount namespace the working directory is the one of the same path. The thread has one of its own:
//     t.Chdir after Enter does not change that of other threads. In Do, t.Chdir fails the test, since its
//     clean-up would change the directory of the whole process. Call t.Chdir before Do.
//   - The folders of t.TempDir and GinkgoT().TempDir are removed at the end, but no file of what is mounted in
//     them. A folder that was asked for after [New] goes first: the log of a failed test does not show its mounts then.
//   - Libraries that are given a descriptor join it and go back to the process's network by themselves
//     (nftables.WithNetNSFd, netlink.NewHandleAt). An ordinary user's run needs [OwnNetwork] for that.
//
// Package set has the whole list under the same heading. In [InProcess] the whole process is inside.
//
// # What importing it changes
//
// A test binary that imports nstest has Ginkgo in it, with Ginkgo's flags, and takes some 3 ms more to start,
// two thirds of which are Ginkgo's. Gomega prints Sets, fixtures and netlink handles as the namespaces that
// they stand for: they do so from the start of the program, since a change at the first fixture would be a data
// race with parallel tests that fail. Each spec of Ginkgo has a BeforeEach of nstest that runs before all other
// nodes, once for an Ordered container. It tells [Inside] where a spec begins, and reports on the fixtures of a
// spec that fails. Everything else is done by [Main], which keeps the main goroutine on the main thread, or
// when the first fixture is made.
//
// # When not to use it
//
// Programs use package gonso; nstest links testing, Ginkgo, Gomega, netlink and nftables. A
// test that only needs a free port on localhost needs no namespace.
package nstest
