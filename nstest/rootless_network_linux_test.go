// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

var networkSuite = sync.OnceValues(func() (string, error) { return build("network") })

func TestLibrariesThatGoBackWorkInARunWithANetworkOfItsOwn(t *testing.T) {
	nstest.Require(t, set.NS_NET)
	nstest.RequireFeatures(t, "nftables")
	for _, test := range []string{"TestNftables", "TestConfig", "TestHandle"} {
		t.Run(test, func(t *testing.T) {
			g := NewWithT(t)
			cmd := suite(t, networkSuite, "-test.run=^"+test+"$")
			cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS=force,net")
			out, code := run(t, cmd)
			g.Expect(code).To(BeZero(), out)
		})
	}
}

// What fails in the host's network says what helps, be it only at the end.
func TestAThreadThatALibraryLeftIsExplained(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out, code := run(t, suite(t, networkSuite, "-test.run=^TestHandle$"))
	g.Expect(code).To(Equal(1), out)
	g.Expect(out).To(MatchRegexp(`nstest: the tests left behind [^\n]*\n(?s:.*)thread \d+(?s:.*)` +
		`netlink\.NewHandleAt(?s:.*)nftables\.WithNetNSFd(?s:.*)nstest\.OwnNetwork\(\)(?s:.*)NSTEST_ROOTLESS=net`))
}

func TestAThreadThatADoHasMovedIsNoLibrarys(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out, code := run(t, suite(t, networkSuite, "-test.run=^TestLeavesADo$"))
	g.Expect(code).To(Equal(1), out)
	g.Expect(out).To(MatchRegexp(`thread \d+: net:\[\d+\] instead of net:\[\d+\] \(moved at suite_test\.go:\d+ in network\.TestLeavesADo, by a go statement\)`))
	g.Expect(out).NotTo(ContainSubstring("NewHandleAt"))
}

func TestWhichNetworkARootlessRunHas(t *testing.T) {
	host, err := os.Readlink("/proc/self/ns/net")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	for _, c := range []struct {
		variable, option string
		own              bool
	}{
		{"force", "", false},
		{"force,net", "", true},
		{"net,force", "", true},
		{"force", "yes", true},
		{"force,host", "yes", false},
		{"net", "", !goesBack(t)}, // a process that can go back stays where it is
		{"off,net", "", false},
	} {
		t.Run(c.variable+c.option, func(t *testing.T) {
			g := NewWithT(t)
			cmd := suite(t, networkSuite, "-test.run=^TestLocalhost$")
			cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS="+c.variable, "SUITE_OWN_NETWORK="+c.option)
			out, code := run(t, cmd)
			g.Expect(code).To(BeZero(), out)
			if c.own {
				g.Expect(out).To(MatchRegexp(`links=1 net:\[\d+\]`))
				g.Expect(out).NotTo(ContainSubstring(host))
			} else {
				g.Expect(out).To(ContainSubstring(host))
			}
		})
	}
}

// goesBack reports whether this process's threads may come back to its network. In a run in a user
// namespace they may not, as the network is its host's (setns(2)).
func goesBack(t *testing.T) bool {
	t.Helper()
	g := NewWithT(t)
	home, err := os.Open("/proc/thread-self/ns/net")
	g.Expect(err).NotTo(HaveOccurred())
	defer home.Close()
	err = unix.Setns(int(home.Fd()), unix.CLONE_NEWNET)
	g.Expect(err).To(Or(Not(HaveOccurred()), MatchError(unix.EPERM)))
	return err == nil
}

// A process that can make namespaces, and has the network of others, cannot go back to it.
func TestWhoCannotGoBackGetsANetworkOfItsOwn(t *testing.T) {
	g := NewWithT(t)
	owner, err := set.Unshare(set.NS_USER|set.NS_MNT, set.WithRootMapped())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(owner.Close()).To(Succeed()) }()
	inner := suite(t, networkSuite, "-test.run=^TestHandle$")
	cmd := owner.Command(t.Context(), inner.Path, inner.Args[1:]...)
	cmd.Env, cmd.Dir = append(inner.Env, "NSTEST_ROOTLESS=net"), inner.Dir
	out, err := cmd.CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), string(out))
}

func TestGinkgosServerIsReachedFromANetworkOfOnesOwn(t *testing.T) {
	g := NewWithT(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			serving.Go(func() {
				defer conn.Close()
				text, err := io.ReadAll(conn)
				if err == nil {
					_, err = conn.Write(bytes.ToUpper(text))
				}
				if err != nil && len(text) > 0 {
					t.Error(err)
				}
			})
		}
	})
	defer serving.Wait()
	defer l.Close()
	for _, scheme := range []string{"", "http://"} {
		cmd := suite(t, networkSuite, "-test.run=^TestServer$", "-ginkgo.parallel.host="+scheme+l.Addr().String())
		cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS=force,net")
		var all bytes.Buffer
		cmd.Stdout, cmd.Stderr = &all, &all
		g.Expect(cmd.Start()).To(Succeed())
		hangs := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() }) // it fails only if it has ended
		err := cmd.Wait()
		hangs.Stop()
		g.Expect(err).NotTo(HaveOccurred(), all.String())
		g.Expect(all.String()).NotTo(ContainSubstring("rootless run"))
	}
}
