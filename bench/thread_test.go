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

// settle waits until the kernel has destroyed the net namespaces that benchmarks before
// have let go of: it does so later and in their order, while it makes those of the next
// benchmark wait (net/core/net_namespace.c, cleanup_net). It waits for a cable whose
// other end is in the last one.
func settle(b *testing.B) {
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
	check(b, there.Close())
	for update := range updates {
		if update.Header.Type == unix.RTM_DELLINK {
			return
		}
	}
	b.Fatal("no word of the cable's end")
}
