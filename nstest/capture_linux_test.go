// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// sayTo sends a datagram to the fixture itself, and has returned when it was received.
func sayTo(t testing.TB, f *nstest.Fixture, text string) (to net.Addr) {
	t.Helper()
	conn := f.ListenPacket("udp", "127.0.0.1:0")
	defer conn.Close()
	out, err := f.DialContext(t.Context(), "udp", conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.WriteString(out, text); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.ReadFrom(make([]byte, 1<<16)); err != nil {
		t.Fatal(err)
	}
	return out.RemoteAddr()
}

func TestACaptureHasWhatTheFilterLets(t *testing.T) {
	g := NewWithT(t)
	f := nstest.New(t, gonso.NS_NET)
	capture := f.Capture(t, func(p *nstest.Packet) bool { return strings.HasPrefix(string(p.Payload()), "yes") })
	to := sayTo(t, f, "yes, one")
	sayTo(t, f, "no")
	g.Eventually(capture).Should(Receive(HaveField("Payload()", BeEquivalentTo("yes, one"))))
	sayTo(t, f, "yes, two")
	sayTo(t, f, "yes, three")
	all := slices.Collect(capture.All())
	g.Expect(all).To(HaveExactElements(ContainSubstring("UDP 127.0.0.1:"), HaveField("Payload()", BeEquivalentTo("yes, three"))))
	g.Expect(all[0].String()).To(MatchRegexp(`^lo in, UDP 127\.0\.0\.1:\d+ > 127\.0\.0\.1:\d+, 50 bytes$`))
	g.Expect(all[0].Protocol()).To(Equal("UDP"))
	g.Expect(to.String()).NotTo(BeEmpty())
	g.Expect(slices.Collect(capture.All())).To(BeEmpty(), "they were received")
	g.Consistently(capture, "50ms").ShouldNot(Receive())
	g.Expect(capture.Lost()).To(BeZero())
}

func TestACaptureEndsWithItsTest(t *testing.T) {
	f := nstest.New(t, gonso.NS_NET)
	var capture nstest.Capture
	t.Run("sub", func(t *testing.T) {
		capture = f.Capture(t, nil)
		sayTo(t, f, "in time")
	})
	sayTo(t, f, "too late")
	g := NewWithT(t)
	g.Expect(capture).To(Receive(ContainSubstring("UDP")))
	g.Expect(slices.Collect(capture.All())).To(BeEmpty())
	g.Expect(capture).To(BeClosed())
	g.Expect(capture.Lost()).To(BeZero())
}

func TestACaptureThatIsNotReceivedIsBounded(t *testing.T) {
	g := NewWithT(t)
	f := nstest.New(t, gonso.NS_NET)
	capture := f.Capture(t, nil)
	text := strings.Repeat("x", 60_000)
	sent := 0
	for capture.Lost() == 0 {
		sayTo(t, f, text)
		sent++
	}
	size, n := 0, 0
	for p := range capture.All() {
		size += len(p.Data)
		n++
	}
	g.Expect(size).To(And(BeNumerically("<=", 64<<20), BeNumerically(">", 63<<20)))
	g.Expect(n + int(capture.Lost())).To(Equal(sent))
	sayTo(t, f, "there is room again")
	g.Expect(slices.Collect(capture.All())).To(HaveLen(1))
}

// A filter that ends its goroutine loses that packet, and nothing hangs.
func TestAFilterMayEndItsGoroutine(t *testing.T) {
	f := nstest.New(t, gonso.NS_NET)
	capture := f.Capture(t, func(p *nstest.Packet) bool {
		if string(p.Payload()) == "end" {
			runtime.Goexit()
		}
		return true
	})
	sayTo(t, f, "end")
	seen := make(chan struct{})
	go func() {
		defer close(seen)
		for range capture.All() { // by this goroutine, or by the one that reads
		}
	}()
	<-seen
	sayTo(t, f, "after it")
	NewWithT(t).Eventually(capture).Should(Receive(HaveField("Payload()", BeEquivalentTo("after it"))))
}

func TestACaptureNeedsANetwork(t *testing.T) {
	f := nstest.New(t, gonso.NS_UTS)
	text := failure.Text(t, func(tb testing.TB) { f.For(tb).Capture(tb, nil) })
	NewWithT(t).Expect(text).To(ContainSubstring("no net namespace"))
}

func TestNoPacketIsPrinted(t *testing.T) {
	NewWithT(t).Expect(fmt.Sprint((*nstest.Packet)(nil))).To(Equal("<nil>"))
}
