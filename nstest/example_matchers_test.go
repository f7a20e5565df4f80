// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Matchers take fixtures and Sets, and look inside from wherever they run.
func ExampleHaveLink() {
	_ = func(t *testing.T) {
		g := NewWithT(t)
		ns := nstest.New(t, set.NS_NET)
		g.Expect(ns).To(nstest.HaveLink("lo", nstest.BeUp(), nstest.HaveMTU(65536)))
		g.Expect(ns).To(nstest.HaveAddress("127.0.0.1/8", nstest.HaveDevice("lo")))
		g.Expect(ns).To(nstest.Reach("127.0.0.1"))
	}
}

// A leak is what is there after the test, and was not before.
func ExampleSnapshot() {
	_ = func(t *testing.T) {
		g := NewWithT(t)
		before := nstest.Snapshot()
		// ... what is to be tested ...
		g.Eventually(nstest.Snapshot).ShouldNot(nstest.HaveLeakedThreads(before))
		g.Eventually(nstest.Snapshot).ShouldNot(nstest.HaveLeakedFds(before))
	}
}

// A message tells what differs.
func ExampleHaveNamespaces() {
	m := nstest.HaveNamespaces(set.NS_NET | set.NS_UTS)
	if success, err := m.Match(set.Set{}); !success && err == nil {
		fmt.Println(m.FailureMessage(set.Set{}))
	}
	// Output:
	// Expected
	//     <set.Set>: Set(gonso: show: the zero Set holds no namespaces: make one with Current, FromDir or Unshare: invalid argument)
	// to have namespaces of the kinds net, uts
	// but it has none of net, uts
}
