// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"net"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Each fixture has its own network, so that two servers can have the same port.
func ExampleNew() {
	_ = func(t *testing.T) {
		a, b := nstest.New(t, set.NS_NET, nstest.Named("a")), nstest.New(t, set.NS_NET, nstest.Named("b"))
		a.Listen("tcp", "127.0.0.1:80")
		b.Listen("tcp", "127.0.0.1:80")
	}
}

// A function runs in the namespaces, and may end the test.
func ExampleFixture_Do() {
	_ = func(t *testing.T) {
		ns := nstest.New(t, set.NS_NET)
		ns.Do(func() {
			interfaces, err := net.Interfaces()
			if err != nil {
				t.Fatal(err)
			}
			t.Log(interfaces) // lo, and nothing of the host's
		})
	}
}

// The rest of the test runs in the namespaces.
func ExampleEnter() {
	_ = func(t *testing.T) {
		nstest.Enter(t, set.NS_NET)
		l, err := net.Listen("tcp", "127.0.0.1:80")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
}

// Each subtest has namespaces of its own.
func ExampleRun() {
	_ = func(t *testing.T) {
		for _, address := range []string{"127.0.0.1:80", "[::1]:80"} {
			nstest.Run(t, address, set.NS_NET, func(t *testing.T) {
				nstest.Here(t).Listen("tcp", address)
			})
		}
	}
}

// Each spec runs in fresh namespaces, with its setup nodes and its clean-ups.
func ExampleInside() {
	_ = func() bool {
		return Describe("server", nstest.Inside(set.NS_NET), func() {
			BeforeEach(func() { nstest.Here(GinkgoTB()).Listen("tcp", "127.0.0.1:80") })
			It("answers", func() {
				Expect(nstest.Here(GinkgoTB())).To(nstest.Reach("127.0.0.1:80"))
			})
		})
	}
}

// Each spec has both fixtures, with fresh namespaces.
func ExampleEach() {
	_ = func() bool {
		return Describe("two hosts", func() {
			a, b := nstest.Each(set.NS_NET), nstest.Each(set.NS_NET)
			It("have networks of their own", func() {
				Expect(a).To(nstest.BeIsolatedFrom(b))
			})
		})
	}
}

// A server that takes a moment to start is waited for by Eventually.
func ExampleReach() {
	_ = func(t *testing.T) {
		g := NewWithT(t)
		server := nstest.New(t, set.NS_NET)
		g.Expect(server.Command("python3", "-m", "http.server", "80").Start()).To(Succeed())
		g.Eventually(server).Should(nstest.Reach("127.0.0.1:80"))
	}
}
