// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// The package's documentation has a section on what a goroutine in a namespace sees. This is
// where it is true.
func TestWhatAGoroutineInANamespaceSees(t *testing.T) {
	g := NewWithT(t)
	read := func(path string) string {
		text, err := os.ReadFile(path)
		g.Expect(err).NotTo(HaveOccurred())
		return string(text)
	}
	link := func(path string) string {
		target, err := os.Readlink(path)
		g.Expect(err).NotTo(HaveOccurred())
		return target
	}
	s, err := set.Unshare(set.NS_NET | set.NS_MNT | set.NS_UTS)
	g.Expect(err).NotTo(HaveOccurred())
	defer s.Close()
	id, err := s.ID(set.NS_NET)
	g.Expect(err).NotTo(HaveOccurred())
	home := link("/proc/self/ns/net")

	g.Expect(s.Do(func() {
		g.Expect(unix.Sethostname([]byte("inside"))).To(Succeed())
		tmp := t.TempDir()
		g.Expect(sys.Mount("inside", tmp, "tmpfs", 0, "")).To(Succeed())
		socket, err := net.Listen("unix", "@"+tmp) // a name that belongs to the network namespace (unix(7))
		g.Expect(err).NotTo(HaveOccurred())
		defer socket.Close()

		// Of the main thread, whoever reads it.
		g.Expect(link("/proc/self/ns/net")).To(Equal(home))
		g.Expect(read("/proc/mounts")).NotTo(ContainSubstring(tmp))
		g.Expect(read("/proc/self/mountinfo")).NotTo(ContainSubstring(tmp))
		g.Expect(read("/proc/net/unix")).NotTo(ContainSubstring(tmp))
		// Of the thread itself.
		g.Expect(link("/proc/thread-self/ns/net")).To(Equal(id))
		g.Expect(read("/proc/thread-self/mounts")).To(ContainSubstring(tmp))
		g.Expect(read("/proc/thread-self/net/unix")).To(ContainSubstring(tmp))
		// What is no process's but looks at who opens it.
		g.Expect(read("/proc/sys/kernel/hostname")).To(Equal("inside\n"))

		// Children are where the thread is, and have one thread, so that all is right for them.
		out, err := exec.Command("sh", "-c", "readlink /proc/self/ns/net; uname -n; grep -c "+tmp+" /proc/mounts /proc/net/unix").Output()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(strings.Fields(string(out))).To(Equal([]string{id, "inside", "/proc/mounts:1", "/proc/net/unix:1"}))

		// Goroutines are not.
		elsewhere := make(chan string)
		go func() {
			name, err := os.Hostname()
			if err != nil {
				name = err.Error()
			}
			elsewhere <- name
		}()
		g.Expect(<-elsewhere).NotTo(Equal("inside"))
		g.Expect(os.Hostname()).To(Equal("inside"))

		// What package net asks the kernel itself is about the thread's network.
		list, err := net.Interfaces()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(list).NotTo(BeEmpty())
		for _, i := range list {
			g.Expect(i.Flags & net.FlagUp).To(BeZero()) // nobody has switched lo on
		}
	})).To(Succeed())
}
