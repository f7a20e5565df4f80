// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"net"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
	"golang.org/x/sys/unix"
)

// patience is for a machine that has a lot else to do.
const patience = 10 * time.Second

// Both ends of a cable lose their carrier when one of them is switched off, and programs act on that.
func TestBothEndsLoseTheirCarrier(t *testing.T) {
	g := gomega.NewWithT(t)
	a, b := silent(t, "a"), silent(t, "b")
	near, far := wire.Join(t, a, b).Ends()
	for _, ends := range [][2]*link.Link{{near, far}, {far, near}} {
		here, there := ends[0], ends[1]
		there.Down()
		g.Eventually(carries(here), patience).Should(gomega.BeFalse())
		g.Expect(here.Attrs().Flags&net.FlagUp).NotTo(gomega.BeZero(), "it is still switched on")
		there.Up()
		here.WaitUp()
		there.WaitUp()
	}
	for _, first := range [][2]*link.Link{{near, far}, {far, near}} { // is on again first
		near.Down()
		far.Down()
		first[0].Up()
		g.Eventually(carries(first[0]), patience).Should(gomega.BeFalse())
		first[1].Up()
		near.WaitUp()
		far.WaitUp()
	}
	from, to := newRawSocket(t, a), newRawSocket(t, b)
	from.send(testFrame(64, 0x12, 0x34))
	if n := len(to.receive()); n != 64 {
		t.Errorf("%d bytes arrived", n)
	}
}

func carries(l *link.Link) func() bool {
	return func() bool { return l.Attrs().RawFlags&unix.IFF_LOWER_UP != 0 }
}

// What the kernel tells a socket whose interface is off does not concern the frame that it sends later.
func TestAFrameOnItsWayArrivesOnceTheWireIsWholeAgain(t *testing.T) {
	g := gomega.NewWithT(t)
	a, b := silent(t, "a"), silent(t, "b")
	w := wire.Join(t, a, b)
	near, far := w.Ends()
	entered, whole := make(chan struct{}), make(chan struct{})
	w.Filter(func(*wire.Frame) wire.Verdict {
		close(entered)
		<-whole
		return wire.Pass
	})
	newRawSocket(t, a).send(testFrame(64, 0x12, 0x34))
	<-entered
	near.Down()
	g.Eventually(carries(far), patience).Should(gomega.BeFalse())
	near.Up()
	near.WaitUp()
	far.WaitUp()
	close(whole)
	g.Eventually(func() uint64 { return far.Stats().RxPackets }, patience).Should(gomega.BeEquivalentTo(1), "%v", w.Counters(a))
}
