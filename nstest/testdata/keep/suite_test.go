// SPDX-License-Identifier: Apache-2.0

// Package keep_test has tests that fail, whose fixtures are looked into from outside.
package keep_test

import (
	"os"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	_ "github.com/seed-1bc5c4a2/gonso/nstest/trace"
	"github.com/seed-1bc5c4a2/gonso/set"
)

func TestMain(m *testing.M) { nstest.Main(m) }

func TestFails(t *testing.T) {
	client := nstest.New(t, set.NS_NET|set.NS_UTS, nstest.Named("client"))
	server := nstest.New(t, set.NS_NET|set.NS_MNT, nstest.Named("server"))
	near, far := link.Veth(t, client, server, link.Name("near"))
	near.AddAddress("192.0.2.1/24")
	far.AddAddress("192.0.2.2/24")
	t.Error("on purpose")
}

func TestPasses(t *testing.T) {
	link.Bridge(t, nstest.New(t, set.NS_NET), link.Name("bridge"))
}

func TestFailsWithPIDs(t *testing.T) {
	nstest.New(t, set.NS_PID|set.NS_UTS, nstest.Named("pid"))
	t.Error("on purpose")
}

func TestFailsWithUser(t *testing.T) {
	nstest.New(t, set.NS_USER|set.NS_UTS, nstest.Raw(), nstest.Unshare(set.WithRootMapped()))
	t.Error("on purpose")
}

func TestFailsInNetwork(t *testing.T) {
	n := topo.New(t)
	n.Link(n.Host("client"), n.Host("server"))
	n.Up()
	t.Error("on purpose")
}

func TestFailsInCleanUp(t *testing.T) {
	ns := nstest.New(t, set.NS_UTS)
	ns.Cleanup(t, func() error { return os.ErrInvalid })
}

func TestFailsInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nstest.New(t, set.NS_UTS)
		t.Error("on purpose")
	})
}

func TestClosesItsFixture(t *testing.T) {
	ns := nstest.New(t, set.NS_UTS)
	if err := ns.Set().Close(); err != nil {
		t.Error(err)
	}
	t.Error("on purpose")
}

func TestInProcess(t *testing.T) {
	nstest.InProcess(t, "inner", set.NS_PID|set.NS_MNT, func(t *testing.T) {
		nstest.New(t, set.NS_UTS)
		t.Error("on purpose")
	})
}

func TestHangs(t *testing.T) {
	nstest.New(t, set.NS_UTS)
	<-make(chan bool)
}

// TestManyFail has as many subtests as a variable says, whose name is none of a file.
func TestManyFail(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("KEEP_SUBTESTS"))
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		t.Run("../a name\x00 / "+string(make([]byte, 300)), func(t *testing.T) {
			t.Parallel()
			nstest.New(t, set.NS_UTS)
			t.Error("on purpose")
		})
	}
}

var _ = ginkgo.Describe("router", func() {
	nstest.Each(set.NS_UTS, nstest.Named("outer"))
	ginkgo.It("fails", nstest.Inside(set.NS_NET, nstest.Named("inner")), func() { ginkgo.Fail("on purpose") })
	ginkgo.It("passes", func() {})
})

func TestSpecs(t *testing.T) {
	gomega.RegisterFailHandler(ginkgo.Fail)
	ginkgo.RunSpecs(t, "specs")
}
