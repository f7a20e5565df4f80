// SPDX-License-Identifier: Apache-2.0

// Package report is a suite that fails on purpose. The tests of nstest run it in a process
// of its own, one test at a time.
package report

import (
	"errors"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/vishvananda/netlink"
)

func TestMain(m *testing.M) { nstest.Main(m) }

// furnish gives the fixture a link, an address, a route and a listener.
func furnish(t testing.TB, ns *nstest.Fixture, name string) {
	t.Helper()
	link := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: name + "-peer"}
	if err := ns.Netlink().LinkAdd(link); err != nil {
		t.Fatal(err)
	}
	ns.AddAddress(name, "192.0.2.1/24")
	for _, end := range []string{name, name + "-peer"} {
		l, err := ns.Netlink().LinkByName(end)
		if err == nil {
			err = ns.Netlink().LinkSetUp(l)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	_, to, err := net.ParseCIDR("198.51.100.0/24")
	if err != nil {
		t.Fatal(err)
	}
	if err := ns.Netlink().RouteAdd(&netlink.Route{Dst: to, Gw: net.ParseIP("192.0.2.2")}); err != nil {
		t.Fatal(err)
	}
	ns.Listen("tcp", "192.0.2.1:80")
	// The kernel may look only once a second what has become of links.
	gomega.NewWithT(t).Eventually(ns, "10s").Should(nstest.HaveLink(name, nstest.BeUp()))
}

func TestFails(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET) // line of the report
	furnish(t, ns, "eth0")
	t.Error("on purpose")
}

func TestFailsWithALinkOfPackageLink(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET)
	t.Run("subtest", func(t *testing.T) {
		near, _ := link.Veth(t, ns, ns, link.Name("cable"), link.Address("192.0.2.1/24"))
		near.WaitUp()
		t.Error("on purpose")
	})
}

func TestFailsToCleanUp(t *testing.T) {
	nstest.New(t, gonso.NS_NET).Cleanup(t, func() error { return errors.New("on purpose") })
}

func TestPasses(t *testing.T) {
	furnish(t, nstest.New(t, gonso.NS_NET|gonso.NS_MNT), "eth0")
	run(t, nstest.New(t, gonso.NS_NET), "true")
}

func TestSkips(t *testing.T) {
	nstest.New(t, gonso.NS_NET).Do(func() { t.Skip("on purpose") })
}

func TestTwo(t *testing.T) {
	client := nstest.New(t, gonso.NS_NET, nstest.Named("client"))
	server := nstest.New(t, gonso.NS_NET, nstest.Named("server"))
	furnish(t, client, "uplink")
	furnish(t, server, "downlink")
	t.Fatal("on purpose")
}

// TestCleanupFails fails after the second fixture's clean-up, and before the first's.
func TestCleanupFails(t *testing.T) {
	nstest.New(t, gonso.NS_UTS, nstest.Named("first"))
	t.Cleanup(func() { t.Error("on purpose") })
	furnish(t, nstest.New(t, gonso.NS_NET, nstest.Named("second")), "eth0")
}

// TestCleanedUp has clean-ups that leave nothing to be seen.
func TestCleanedUp(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET)
	furnish(t, ns, "eth0")
	t.Cleanup(func() {
		link, err := ns.Netlink().LinkByName("eth0")
		if err == nil {
			err = ns.Netlink().LinkDel(link)
		}
		if err != nil {
			t.Error(err)
		}
	})
	ns.Do(func() { t.Fatal("on purpose") })
}

func TestPanics(t *testing.T) {
	furnish(t, nstest.New(t, gonso.NS_NET), "eth0")
	panic("on purpose")
}

func TestPanicsInside(t *testing.T) {
	ns := nstest.New(t, gonso.NS_UTS)
	t.Cleanup(func() { ns.Do(func() { hostname(t, "cleaned-up") }) })
	ns.Do(func() {
		hostname(t, "inside")
		panic("on purpose")
	})
}

func TestEnters(t *testing.T) {
	furnish(t, nstest.Enter(t, gonso.NS_NET|gonso.NS_UTS), "eth0")
	t.Fatal("on purpose")
}

func TestRuns(t *testing.T) {
	nstest.Run(t, "passes", gonso.NS_NET, func(*testing.T) {})
	nstest.Run(t, "fails", gonso.NS_UTS, func(t *testing.T) {
		hostname(t, "inside")
		t.Fatal("on purpose")
	})
}

func TestInProcess(t *testing.T) {
	nstest.InProcess(t, "inside", gonso.NS_USER|gonso.NS_UTS|gonso.NS_NET|gonso.NS_MNT, func(t *testing.T) {
		hostname(t, "inside")
		dir := t.TempDir()
		if err := syscall.Mount("mine", dir, "tmpfs", 0, ""); err != nil {
			t.Error(err)
		}
		t.Cleanup(func() { // so that the folder can go
			if err := syscall.Unmount(dir, 0); err != nil {
				t.Error(err)
			}
		})
		nstest.New(t, gonso.NS_NET, nstest.Named("deeper"))
		t.Fatal("on purpose")
	})
}

func TestProcessIsLeft(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET, nstest.Named("left"))
	start(t, ns)
}

// TestOrphanIsLeft leaves one that is no child of this process any more.
func TestOrphanIsLeft(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET)
	run(t, ns, "sleep 1000 </dev/null >/dev/null 2>&1 & echo orphan=$!")
}

// TestForksOn leaves one that starts others all the time.
func TestForksOn(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET)
	run(t, ns, "while :; do sleep 0.001; done </dev/null >/dev/null 2>&1 & true")
}

// TestProcessEnds leaves one that is about to end.
func TestProcessEnds(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET)
	run(t, ns, "sleep 0.1 </dev/null >/dev/null 2>&1 & true")
}

func TestProcessIsLeftInPid(t *testing.T) {
	ns := nstest.New(t, gonso.NS_PID)
	start(t, ns)
}

func TestProcessIsLeftInProcess(t *testing.T) {
	nstest.InProcess(t, "inside", gonso.NS_USER|gonso.NS_UTS, func(t *testing.T) {
		if err := exec.Command("sh", "-c", "sleep 1000 </dev/null >/dev/null 2>&1 &").Run(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestProcessElsewhere starts one that is in no fixture.
func TestProcessElsewhere(t *testing.T) {
	nstest.New(t, gonso.NS_NET)
	cat := exec.Command("cat")
	in, err := cat.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cat.Start(); err != nil {
		t.Fatal(err)
	}
	t.Run("meanwhile", func(t *testing.T) { nstest.New(t, gonso.NS_NET|gonso.NS_PID) })
	t.Run("closed", func(t *testing.T) {
		if err := nstest.New(t, gonso.NS_NET).Set().Close(); err != nil {
			t.Error(err)
		}
	})
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if err := cat.Wait(); err != nil {
		t.Error(err)
	}
}

// TestMounts has one mount more than its fixture came with.
func TestMounts(t *testing.T) {
	nstest.New(t, gonso.NS_NET|gonso.NS_MNT).Do(func() {
		if err := syscall.Mount("mine", t.TempDir(), "tmpfs", 0, ""); err != nil {
			t.Error(err)
		}
		t.Fatal("on purpose")
	})
}

func hostname(t *testing.T, name string) {
	t.Helper()
	if err := syscall.Sethostname([]byte(name)); err != nil {
		t.Fatal(err)
	}
}

// start starts a process and never waits for it.
func start(t *testing.T, ns *nstest.Fixture) {
	t.Helper()
	cmd := ns.Set().Command(t.Context(), "sleep", "1000")
	cmd.Cancel = func() error { return nil } // t.Context ends with the test
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Logf("left pid=%d", cmd.Process.Pid)
}

func run(t *testing.T, ns *nstest.Fixture, script string) {
	t.Helper()
	out, err := ns.Set().Command(t.Context(), "sh", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Log(strings.TrimSpace(string(out)))
}
