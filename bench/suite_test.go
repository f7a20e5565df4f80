// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"runtime"
	"testing"
	"time"

	"github.com/containernetworking/plugins/pkg/ns"
	"github.com/containernetworking/plugins/pkg/testutils"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"golang.org/x/sys/unix"
)

// BenchmarkSuite is 2,000 tests that do nothing, each with a net namespace of its own
// that nstest has made ready. One floor is 2,000 namespaces and nothing else; the others
// also do to them what nstest promises, on one thread and on as many as there are CPUs.
func BenchmarkSuite(b *testing.B) {
	const tests = 2000
	for _, who := range []struct {
		name  string
		suite func() error
	}{
		{"gonso", func() error { return times(tests, func() error { oneTest(b); return nil }) }},
		{"floor", func() error { return onThread(func() error { return times(tests, newNamespace) }) }},
		{"furnished", func() error { return onThread(func() error { return times(tests, newFurnished) }) }},
		{"furnished-by-all", func() error {
			threads := runtime.GOMAXPROCS(0)
			return onThreads(threads, func() error { return times(tests/threads, newFurnished) })
		}},
	} {
		b.Run("who="+who.name, func(b *testing.B) {
			settle(b)
			for b.Loop() {
				check(b, who.suite())
			}
		})
	}
}

// BenchmarkFixture is what a test waits for that begins 2 ms after the one before:
// the pool has had the time to make the next namespace.
func BenchmarkFixture(b *testing.B) {
	for _, who := range []struct {
		name string
		test func()
	}{
		{"gonso", func() { oneTest(b) }},
		{"CNI", func() { drop(b, newNS(b)) }},
	} {
		b.Run("who="+who.name, func(b *testing.B) {
			settle(b)
			var took []time.Duration
			for b.Loop() {
				work()
				start := time.Now()
				who.test()
				took = append(took, time.Since(start))
			}
			reportMedian(b, took, 1)
		})
	}
}

// work stands for what a test does besides.
func work() {
	for start := time.Now(); time.Since(start) < 2*time.Millisecond; {
	}
}

// oneTest is a test that has a fixture and does nothing.
func oneTest(b *testing.B) {
	t := &test{TB: b}
	nstest.New(t, gonso.NS_NET)
	t.end()
}

// A test is what oneTest needs of a testing.TB: its clean-ups run when it ends.
type test struct {
	testing.TB
	cleanups []func()
}

func (t *test) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }
func (t *test) end() {
	for len(t.cleanups) > 0 {
		last := len(t.cleanups) - 1
		f := t.cleanups[last]
		t.cleanups = t.cleanups[:last]
		f()
	}
}

func times(n int, f func() error) error {
	for range n {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func newNamespace() error { return unix.Unshare(unix.CLONE_NEWNET) }

// newFurnished moves the calling thread into a new net namespace that is as nstest
// promises, with as few system calls as that takes.
func newFurnished() error {
	if err := newNamespace(); err != nil {
		return err
	}
	for _, s := range []struct{ path, value string }{
		{"/proc/sys/net/ipv6/conf/all/accept_dad", "0"},
		{"/proc/sys/net/ipv6/conf/default/accept_dad", "0"},
		{"/proc/sys/net/ipv4/ping_group_range", "0 2147483647"},
	} {
		fd, err := unix.Open(s.path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		if _, err := unix.Write(fd, []byte(s.value)); err != nil {
			return err
		}
		if err := unix.Close(fd); err != nil {
			return err
		}
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	up, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	up.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, up); err != nil {
		return err
	}
	return unix.Close(fd)
}

// newNS makes a net namespace as tests with CNI's helpers do.
func newNS(b *testing.B) ns.NetNS {
	peer, err := testutils.NewNS()
	check(b, err)
	return peer
}

// drop does what they do at their end.
func drop(b *testing.B, peer ns.NetNS) {
	check(b, peer.Close())
	check(b, testutils.UnmountNS(peer))
}
