// SPDX-License-Identifier: Apache-2.0

// Package keep_test has tests that fail, whose fixtures are looked into from outside.
package keep_test

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/deny"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	_ "github.com/seed-1bc5c4a2/gonso/nstest/trace"
	"github.com/seed-1bc5c4a2/gonso/set"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	if os.Getenv("KEEP_OLD_KERNEL") != "" {
		if err := deny.Calls(unix.ENOSYS, unix.SYS_PIDFD_OPEN); err != nil {
			panic(err)
		}
	}
	if os.Getenv("KEEP_DAEMON") != "" {
		goleak.VerifyTestMain(&nstest.M{M: m}) // no goroutine watches what lives on
	}
	nstest.Main(m)
}

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

// startDaemon starts the program that a variable names.
func startDaemon(ns *nstest.Fixture) *nstest.Daemon {
	const address = "127.0.0.1:80"
	cmd := ns.Command(os.Getenv("KEEP_DAEMON"), "tcp", address)
	cmd.Env = append(os.Environ(), "DAEMON_PRINTS=300000") // more than a pipe takes
	return ns.Start(cmd, nstest.Listening("tcp", address))
}

func TestDaemon(t *testing.T) {
	startDaemon(nstest.New(t, set.NS_NET, nstest.Named("server")))
	t.Error("on purpose")
}

func TestDaemonWithPIDs(t *testing.T) {
	startDaemon(nstest.New(t, set.NS_NET|set.NS_PID, nstest.Named("server")))
	t.Error("on purpose")
}

// TestDaemonIsNotReady has one that listens elsewhere.
func TestDaemonIsNotReady(t *testing.T) {
	ns := nstest.New(t, set.NS_NET, nstest.Named("server"))
	const address = "127.0.0.1:80"
	listens := nstest.Ready(func() error {
		conn, err := ns.DialContext(context.Background(), "tcp", address)
		for ; err != nil; conn, err = ns.DialContext(context.Background(), "tcp", address) {
			runtime.Gosched()
		}
		return conn.Close()
	})
	ns.Start(ns.Command(os.Getenv("KEEP_DAEMON"), "tcp", address), listens, nstest.Listening("udp", ":53"), nstest.Within(time.Millisecond))
}

// TestDaemonHasAChild has one that is in no pid namespace, and that leaves the daemon's process group.
func TestDaemonHasAChild(t *testing.T) { startParent(t, nstest.New(t, set.NS_NET)) }

func TestDaemonWithPIDsHasAChild(t *testing.T) { startParent(t, nstest.New(t, set.NS_NET|set.NS_PID)) }

func startParent(t *testing.T, ns *nstest.Fixture) {
	ns.Start(ns.Command("sh", "-c", "setsid sh -c 'echo up; exec sleep 1005' & wait"), nstest.Printing("up"))
	t.Error("on purpose")
}

func TestDaemonPasses(t *testing.T) { startDaemon(nstest.New(t, set.NS_NET)) }

func TestDaemonHangs(t *testing.T) {
	startDaemon(nstest.New(t, set.NS_NET))
	<-make(chan bool)
}

// TestDaemonOfSubtests has two subtests that start the same in the same fixture.
func TestDaemonOfSubtests(t *testing.T) {
	ns := nstest.New(t, set.NS_NET)
	for range 2 {
		t.Run("sub", func(t *testing.T) {
			startDaemon(ns.For(t))
			t.Error("on purpose")
		})
	}
}

func TestDaemonIsUsedInCleanUps(t *testing.T) {
	ns := nstest.New(t, set.NS_NET)
	var d *nstest.Daemon
	t.Cleanup(func() { t.Log("Wait says:", d.Wait()) })
	d = startDaemon(ns)
	t.Cleanup(func() { d.Restart() })
	t.Error("on purpose")
}

// TestCommands has programs that it waits for, and others.
func TestCommands(t *testing.T) {
	ns := nstest.New(t, set.NS_NET)
	if err := ns.Command("true").Run(); err != nil {
		t.Error(err)
	}
	ns.Command("true") // and is not started
	goesOn, awaited := ns.Command("sh", "-c", "sleep 1001; true"), ns.Command("sleep", "1002")
	for _, cmd := range []*set.Cmd{goesOn, awaited} {
		if err := cmd.Start(); err != nil {
			t.Error(err)
		}
	}
	begun, ended := make(chan bool), make(chan error)
	go func() {
		close(begun)
		ended <- awaited.Wait()
	}()
	<-begun
	t.Cleanup(func() { t.Log("Wait says:", <-ended) })
	t.Error("on purpose")
}

// TestLeavesAProcess leaves one beside a daemon.
func TestLeavesAProcess(t *testing.T) {
	ns := nstest.New(t, set.NS_NET)
	startDaemon(ns)
	ns.Do(func() {
		if err := exec.Command("sleep", "1003").Start(); err != nil {
			t.Error(err)
		}
	})
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

func init() {
	if os.Getenv("KEEP_DAEMON") == "" {
		return
	}
	ginkgo.Describe("daemon", ginkgo.Ordered, ginkgo.ContinueOnFailure, func() {
		server := nstest.Each(set.NS_NET, nstest.Named("server"))
		ginkgo.It("fails", func() {
			startDaemon(server)
			ginkgo.Fail("on purpose")
		})
		ginkgo.It("passes", func() { startDaemon(server) })
	})

	ginkgo.Describe("container", ginkgo.Ordered, ginkgo.ContinueOnFailure, nstest.Inside(set.NS_NET, nstest.Named("whole")), func() {
		ginkgo.BeforeAll(func() { nstest.Here(ginkgo.GinkgoTB()).Command("sleep", "1004").Start() })
		ginkgo.It("starts one", func() {
			startDaemon(nstest.Here(ginkgo.GinkgoTB()))
			ginkgo.Fail("on purpose")
		})
		ginkgo.It("starts it again", func() { startDaemon(nstest.Here(ginkgo.GinkgoTB())) })
	})
}

func TestSpecs(t *testing.T) {
	gomega.RegisterFailHandler(ginkgo.Fail)
	ginkgo.RunSpecs(t, "specs")
}
