// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"errors"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// awaitEnd returns when nothing has the number of the daemon's process.
func awaitEnd(tb testing.TB, d *nstest.Daemon) {
	tb.Helper()
	pid := d.PID()
	gomega.NewWithT(tb).Eventually(func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }, "10s").Should(gomega.BeTrue())
}

func TestDaemonEnds(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET)
	d := ns.Start(ns.Command("sh", "-c", "echo hello; echo so long; exit 3")) // line of the daemon
	awaitEnd(t, d)
}

func TestDaemonDetaches(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET)
	d := ns.Start(ns.Command("sh", "-c", "setsid sleep 1000 & echo detaches"))
	awaitEnd(t, d)
}

func TestFailsWithADaemon(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET)
	ns.Start(ns.Command("sh", "-c", "echo up; sleep 1000; :"), nstest.Printing("up"))
	t.Error("on purpose")
}

// elsewhere is a condition that is met once the daemon listens where Listening does not look.
func elsewhere(ns *nstest.Fixture) nstest.StartOption {
	return nstest.Ready(func() error {
		conn, err := ns.DialContext(context.Background(), "tcp", "127.0.0.1:8080")
		for ; err != nil; conn, err = ns.DialContext(context.Background(), "tcp", "127.0.0.1:8080") {
			runtime.Gosched()
		}
		return conn.Close()
	})
}

func TestDaemonListensElsewhere(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET, nstest.Named("server"))
	ns.Start(ns.Command(os.Getenv("DAEMON"), "tcp4", ":8080"), elsewhere(ns), nstest.Listening("tcp", ":80"), nstest.Within(time.Millisecond))
}

func TestStartsADaemon(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET)
	ns.Start(ns.Command(os.Getenv("DAEMON"), "tcp", ":80"), nstest.Listening("tcp", ":80"))
}

var _ = Describe("Daemons", func() {
	server := nstest.Each(gonso.NS_NET, nstest.Named("server"))
	BeforeEach(func() {
		server.Start(server.Command("sh", "-c", "echo up; exec sleep 1000"), nstest.Printing("up"))
	})
	It("ends early", func() {
		d := server.Start(server.Command("sh", "-c", "echo so long; exit 3")) // line of the spec's
		awaitEnd(GinkgoTB(), d)
	})
	It("runs", func() {
		server.Start(server.Command("sh", "-c", "echo up; exec sleep 1000"), nstest.Printing("up"))
	})
	Context("inside", nstest.Inside(gonso.NS_NET), func() {
		It("runs", func() {
			here := nstest.Here(GinkgoTB())
			here.Start(here.Command("sh", "-c", "echo up; exec sleep 1000"), nstest.Printing("up"))
		})
	})
})

func TestPanicsBesideADaemon(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET)
	ns.Start(ns.Command("sh", "-c", `echo $$ >$PIDFILE; echo ready; exec sleep 1000`), nstest.Printing("ready"))
	go panic("on purpose")
	<-t.Context().Done()
}
