// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"errors"
	"runtime"
	"testing"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// onThread runs f on a thread that ends with it.
func onThread(f func() error) error { return onThreads(1, f) }

// onThreads runs f on each of n threads, which end with it.
func onThreads(n int, f func() error) (err error) {
	done := make(chan error)
	for range n {
		go func() {
			runtime.LockOSThread() // never unlocked, so that the thread ends
			done <- f()
		}()
	}
	for range n {
		err = errors.Join(err, <-done)
	}
	return err
}

// settle waits until the kernel has destroyed the net namespaces that benchmarks before have let go of: it does so later and in their
// order, while it makes those of the next benchmark wait (net/core/net_namespace.c, cleanup_net). The first look is at the last of
// these, and the second one begins when all of the first has been done.
func settle(b *testing.B) {
	for range 2 {
		awaitCleanUp(b)
	}
}

// awaitCleanUp lets go of a namespace, and waits for the end of a cable whose other end is in there. The kernel lets go of a namespace's
// netlink sockets only when no CPU can be using one (net/netlink/af_netlink.c, deferred_put_nlk_sk): so this one had such a socket, too.
func awaitCleanUp(b *testing.B) {
	here := nstest.New(b, gonso.NS_NET)
	there, err := gonso.Unshare(gonso.NS_NET)
	check(b, err)
	fds, err := there.Fds(gonso.NS_NET)
	check(b, err)
	check(b, here.Netlink().LinkAdd(&netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: "here"},
		PeerName:      "there",
		PeerNamespace: netlink.NsFd(fds[gonso.NS_NET].Fd()),
	}))
	check(b, fds.Close())
	updates, stop := make(chan netlink.LinkUpdate), make(chan struct{})
	defer close(stop)
	here.Do(func() { check(b, netlink.LinkSubscribe(updates, stop)) })
	var last int
	check(b, there.Do(func() { last, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE) }))
	check(b, err)
	check(b, there.Close())
	check(b, unix.Close(last))
	for update := range updates {
		if update.Header.Type == unix.RTM_DELLINK {
			return
		}
	}
	b.Fatal("no word of the cable's end")
}
