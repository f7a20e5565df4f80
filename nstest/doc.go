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
// Matchers look at Sets and their networks, and work under Eventually:
//
//	Expect(a).To(nstest.BeIsolatedFrom(b))
//	Eventually(a).Should(nstest.HaveLink("eth0", nstest.BeUp()))
//
// What no thread can do, a subtest in a process of its own can: see [InProcess].
//
// TestMain needs the line above for ordinary users: [Main] runs the test binary
// again in a user namespace, if the process may not make namespaces. Where the
// machine forbids that too, tests are skipped with the cause and what helps:
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
// # When not to use it
//
// Programs use package gonso; nstest links testing, Ginkgo, Gomega and netlink. A
// test that only needs a free port on localhost needs no namespace.
package nstest
