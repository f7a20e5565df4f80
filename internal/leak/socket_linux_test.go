// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/leak"
)

func TestASocketSaysWhatItIs(t *testing.T) {
	g := NewWithT(t)
	before := take(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	g.Expect(err).NotTo(HaveOccurred())
	defer client.Close()
	path := t.TempDir() + "/s"
	unixListener, err := net.Listen("unix", path)
	g.Expect(err).NotTo(HaveOccurred())
	defer unixListener.Close()
	udp, err := net.ListenPacket("udp", "[::1]:0")
	if err == nil {
		defer udp.Close()
	}
	report := leak.Diff(before, take(t))
	lines := strings.Join(report.Lines(), "\n")
	for _, want := range []string{
		fmt.Sprintf("(TCP, listens at %v)", listener.Addr()),
		fmt.Sprintf("(TCP, %v to %v)", client.LocalAddr(), client.RemoteAddr()),
		"(unix, listens at " + path + ")",
	} {
		g.Expect(lines).To(MatchRegexp(`(?m)^descriptor \d+: socket:\[\d+\] `), lines)
		g.Expect(lines).To(ContainSubstring(want))
	}
	if err == nil {
		g.Expect(lines).To(ContainSubstring(fmt.Sprintf("(UDP, at %v)", udp.LocalAddr())))
	}

	// A number that has another socket behind it says nothing of the first.
	i := slices.IndexFunc(report.Descriptors, func(d leak.Descriptor) bool { return strings.Contains(d.String(), "(unix") })
	other := report.Descriptors[i]
	other.Num = report.Descriptors[(i+1)%len(report.Descriptors)].Num
	g.Expect(other.String()).To(HaveSuffix("]"))
}

func TestASocketSaysInWhichNetworkItIs(t *testing.T) {
	g := NewWithT(t)
	before := take(t)
	made := make(chan error)
	var socket int
	var id string
	go func() { // its thread ends with it
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			id, _ = os.Readlink("/proc/thread-self/ns/net")
			socket, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		}
		made <- err
	}()
	g.Expect(<-made).To(Succeed())
	defer unix.Close(socket)
	g.Expect(leak.Diff(before, take(t)).Lines()).To(ContainElement(MatchRegexp(`^descriptor %d: socket:\[\d+\] \(UDP, in %s\)$`, socket, regexp.QuoteMeta(id))))
}
