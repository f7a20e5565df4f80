// SPDX-License-Identifier: Apache-2.0

package trace_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// interrupt is set for the spec that is interrupted.
const interrupt = "NSTEST_TRACE_INTERRUPT"

// TestSpecs is run by other tests, too.
func TestSpecs(t *testing.T) {
	if os.Getenv(suite) == "" {
		return
	}
	gomega.RegisterFailHandler(ginkgo.Fail)
	ginkgo.RunSpecs(t, "traced")
}

var _ = ginkgo.Describe("traced", func() {
	f := nstest.Each(set.NS_NET, nstest.Named("each"))
	ginkgo.It("fails", func() {
		ginkgo.By("beginning")
		nstest.Mark(ginkgo.GinkgoTB(), "a mark")
		f.AddAddress("lo", "192.0.2.1/32")
		ginkgo.GinkgoWriter.Println("written")
		ginkgo.By("failing")
		gomega.Expect(f.Name()).To(gomega.Equal("other"), "on purpose")
	})
	ginkgo.It("is interrupted", func(ctx ginkgo.SpecContext) {
		if os.Getenv(interrupt) == "" {
			return
		}
		nstest.Mark(ginkgo.GinkgoTB(), "before the end")
		gomega.Expect(syscall.Kill(os.Getpid(), syscall.SIGINT)).To(gomega.Succeed())
		<-ctx.Done()
	})
	ginkgo.It("passes", func() { gomega.Expect(f.Name()).To(gomega.Equal("each")) })
})

// TestSuite is run by other tests, with NSTEST_TRACE, in a process of its own.
func TestSuite(t *testing.T) {
	if os.Getenv(suite) == "" {
		return
	}
	t.Run("LinkDown", func(t *testing.T) {
		client, server := nstest.New(t, set.NS_NET, nstest.Named("client")), nstest.New(t, set.NS_NET, nstest.Named("server"))
		near, far := link.Veth(t, client, server, link.Name("eth0"))
		near.AddAddress("192.0.2.1/24")
		far.AddAddress("192.0.2.2/24")
		server.Start(server.Command("sh", "-c", "echo serving; exec sleep 1000"), nstest.Printing("serving"))
		t.Log("all is up")
		if conn, err := client.DialContext(t.Context(), "udp", "192.0.2.2:9"); err != nil {
			t.Error(err)
		} else if _, err := conn.Write([]byte("question")); err != nil {
			t.Error(err)
		} else if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Error(err)
		}
		nstest.Mark(t, "the link goes down")
		far.Down()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := client.DialContext(ctx, "tcp", "192.0.2.2:80"); err != nil {
			t.Errorf("no answer\nof the server: %v", err)
		}
		t.Log("more is said")
	})
	t.Run("Passes", func(t *testing.T) { nstest.New(t, set.NS_NET) })
	t.Run("Skips", func(t *testing.T) {
		nstest.New(t, set.NS_NET)
		t.SkipNow()
	})
	t.Run("ClosedByTheTest", func(t *testing.T) {
		f := nstest.New(t, set.NS_NET)
		if err := f.Set().Close(); err != nil {
			t.Fatal(err)
		}
		t.Error("on purpose")
	})
	t.Run("a name/that is\x00no \xff file name"+strings.Repeat(" and long", 50), func(t *testing.T) {
		nstest.New(t, set.NS_NET)
		t.Error("on purpose")
	})
	t.Run("Parallel", func(t *testing.T) {
		for i := range 64 {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				f := nstest.New(t, set.NS_NET)
				nstest.Mark(t, "in "+t.Name())
				f.AddAddress("lo", "192.0.2.1/32")
				if i%8 == 0 {
					t.Errorf("on purpose: %d", i)
				}
			})
		}
	})
	t.Run("Sub", func(t *testing.T) {
		f := nstest.New(t, set.NS_NET, nstest.Named("around"))
		t.Run("fails", func(t *testing.T) {
			nstest.Mark(t, "in the subtest")
			f.For(t).AddAddress("lo", "192.0.2.1/32")
			t.Error("the subtest fails")
		})
	})
	t.Run("Killed", func(t *testing.T) {
		nstest.New(t, set.NS_NET, nstest.Named("client"))
		nstest.Mark(t, "before the end")
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		select {}
	})
	t.Run("Interrupted", func(t *testing.T) {
		nstest.New(t, set.NS_NET, nstest.Named("client"))
		nstest.Mark(t, "before the end")
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		select {}
	})
	t.Run("KilledAfterItsFailure", func(t *testing.T) {
		n := topo.New(t)
		n.Link(n.Host("a"), n.Host("b"))
		n.Up()
		t.Cleanup(func() {
			if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
				t.Error(err)
			}
			select {}
		})
		nstest.New(t, set.NS_NET, nstest.Named("client")) // whose end is before
		t.Error("no answer")
	})
	t.Run("Each", func(t *testing.T) {
		topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
			a, b := n.Host("a"), n.Host("b")
			n.Link(a, b)
			n.Up()
			conn, err := a.DialContext(t.Context(), "udp", "10.0.0.2:7")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Error("nobody refuses it:", err)
			}
		})
	})
	t.Run("Hangs", func(t *testing.T) {
		nstest.New(t, set.NS_NET, nstest.Named("client"))
		select {}
	})
	t.Run("Full", func(t *testing.T) {
		nstest.New(t, set.NS_NET)
		nstest.Mark(t, strings.Repeat("x", 1<<20))
		nstest.Mark(t, strings.Repeat("y", 1<<20))
		t.Error("on purpose")
	})
	t.Run("InCleanUp", func(t *testing.T) {
		t.Cleanup(func() { t.Error("the clean-up fails") })
		nstest.New(t, set.NS_NET)
	})
	t.Run("Panics", func(t *testing.T) {
		nstest.New(t, set.NS_NET)
		var none []int
		_ = none[len(t.Name())]
	})
}
