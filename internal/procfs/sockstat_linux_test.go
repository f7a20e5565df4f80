// SPDX-License-Identifier: Apache-2.0

package procfs_test

import (
	"net"
	"os"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

func TestTCPSocketsAreCounted(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	_, err := procfs.TCPSockets(root, "42")
	g.Expect(err).To(MatchError(os.ErrNotExist))
	const v4 = "sockets: used 14\nTCP: inuse 3 orphan 1 tw 7 alloc 2 mem 182\nUDP: inuse 9 mem 34\n"
	plant(t, root, "42/net/sockstat", v4)
	g.Expect(procfs.TCPSockets(root, "42")).To(Equal(3), "a kernel without IPv6")
	plant(t, root, "42/net/sockstat6", "TCP6: inuse 2\nUDP6: inuse 5\n")
	g.Expect(procfs.TCPSockets(root, "42")).To(Equal(5))
	for _, text := range []string{"", "TCP: inuse\n", "TCP: inuse -1\n", "TCP: inuse many\n"} {
		plant(t, root, "42/net/sockstat", text)
		_, err = procfs.TCPSockets(root, "42")
		g.Expect(err).To(MatchError(ContainSubstring("TCP: inuse")), text)
	}
}

// What the kernel writes is read, too.
func TestTCPSocketsOfThisThread(t *testing.T) {
	g := NewWithT(t)
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", address)
		g.Expect(err).NotTo(HaveOccurred())
		t.Cleanup(func() { g.Expect(l.Close()).To(Succeed()) })
	}
	g.Expect(procfs.TCPSockets(procfs.Root, procfs.ThreadSelf)).To(BeNumerically(">=", 2))
}
