// SPDX-License-Identifier: Apache-2.0

// Package network is a suite that the tests of nstest run in a process of its own, one
// test at a time, with a network of its own and without.
package network

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/nftables"
	mdlayher "github.com/mdlayher/netlink"
	. "github.com/onsi/gomega"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

func TestMain(m *testing.M) {
	if os.Getenv("SUITE_OWN_NETWORK") != "" {
		nstest.Main(m, nstest.OwnNetwork())
	}
	nstest.Main(m)
}

// fixture makes a network with a link, and returns the descriptor of its namespace.
func fixture(t *testing.T) (ns *nstest.Fixture, fd int) {
	g := NewWithT(t)
	ns = nstest.New(t, gonso.NS_NET)
	g.Expect(ns.Netlink().LinkAdd(&netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Name: "inside"}})).To(Or(Succeed(), MatchError(unix.EOPNOTSUPP)))
	fds, err := ns.Set().Fds(gonso.NS_NET)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(fds.Close()).To(Succeed()) })
	return ns, int(fds.Get(gonso.NS_NET).Fd())
}

func TestNftables(t *testing.T) {
	g := NewWithT(t)
	nstest.RequireFeatures(t, "nftables")
	_, fd := fixture(t)
	conn, err := nftables.New(nftables.WithNetNSFd(fd))
	g.Expect(err).NotTo(HaveOccurred())
	conn.AddTable(&nftables.Table{Name: "ours", Family: nftables.TableFamilyINet})
	g.Expect(conn.Flush()).To(Succeed())
	g.Expect(conn.ListTables()).To(HaveLen(1))
}

func TestConfig(t *testing.T) {
	g := NewWithT(t)
	_, fd := fixture(t)
	conn, err := mdlayher.Dial(unix.NETLINK_ROUTE, &mdlayher.Config{NetNS: fd})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(conn.Close()).To(Succeed())
}

// TestLeavesADo has a thread in another network, which no library has left there.
func TestLeavesADo(t *testing.T) {
	ns, err := gonso.Unshare(gonso.NS_NET)
	if err != nil {
		t.Fatal(err)
	}
	inside := make(chan struct{})
	go ns.Do(func() {
		close(inside)
		<-time.After(time.Hour)
	})
	<-inside
}

func TestHandle(t *testing.T) {
	g := NewWithT(t)
	ns, fd := fixture(t)
	for range 20 {
		handle, err := netlink.NewHandleAt(netns.NsHandle(fd))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(handle.LinkByName("lo")).Error().NotTo(HaveOccurred())
		handle.Close()
	}
	want, err := os.Readlink("/proc/self/ns/net")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(want).NotTo(Equal(ns.ID(gonso.NS_NET)))
	var all sync.WaitGroup
	var elsewhere atomic.Int32
	for range 100 {
		all.Go(func() {
			if is, err := os.Readlink("/proc/thread-self/ns/net"); err != nil || is != want {
				elsewhere.Add(1)
			}
		})
	}
	all.Wait()
	t.Logf("goroutines in the fixture: %d of 100", elsewhere.Load())
}

func TestLocalhost(t *testing.T) {
	g := NewWithT(t)
	l, err := net.Listen("tcp", "localhost:0")
	g.Expect(err).NotTo(HaveOccurred())
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(conn.Close()).To(Succeed())
	g.Expect("/sys/class/net/lo").To(BeAnExistingFile())
	links, err := net.Interfaces()
	g.Expect(err).NotTo(HaveOccurred())
	// Tunnels that come with a network namespace are down.
	links = slices.DeleteFunc(links, func(l net.Interface) bool { return l.Flags&net.FlagUp == 0 })
	id, err := os.Readlink("/proc/self/ns/net")
	g.Expect(err).NotTo(HaveOccurred())
	fmt.Printf("links=%d %s\n", len(links), id)
}

// TestServer says something to the server that a process of 'ginkgo -p' is told of.
func TestServer(t *testing.T) {
	g := NewWithT(t)
	address := strings.TrimPrefix(flag.Lookup("ginkgo.parallel.host").Value.String(), "http://")
	for range 3 {
		conn, err := net.Dial("tcp", address)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(io.WriteString(conn, "hello")).Error().NotTo(HaveOccurred())
		g.Expect(conn.(*net.TCPConn).CloseWrite()).To(Succeed())
		g.Expect(io.ReadAll(conn)).To(BeEquivalentTo("HELLO"))
		g.Expect(conn.Close()).To(Succeed())
	}
	// One that stays open does not keep the run from ending.
	_, err := net.Dial("tcp", address)
	g.Expect(err).NotTo(HaveOccurred())
}
