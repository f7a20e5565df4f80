// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"iter"
	"sync"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/packets"
)

// A Capture is the packets of a fixture's interfaces, as a channel, so that it works with whatever takes one:
//
//	Eventually(capture).Should(Receive(ContainSubstring("TCP SYN")))
//	Consistently(capture).ShouldNot(Receive())
//
// It is closed when the test ends. A packet that was received from it is not received again. [Capture.All] has those that
// there have been, without waiting for others.
//
// It has room for 16384 packets that the test has not received, of 64 MB in all. Those that come when there
// is no room are left out and counted, see [Capture.Lost].
type Capture <-chan *Packet

// What a Capture has room for.
const captureSlots, captureBytes = 1 << 14, 64 << 20

// A capturing is what is behind a Capture.
type capturing struct {
	tb     testing.TB
	name   string // of the fixture
	out    chan *Packet
	filter func(*Packet) bool
	reader *packets.Reader

	mu      sync.Mutex
	lengths []int // of the packets that are in out, oldest first, and of some that were
	bytes   int
	omitted uint64
}

// captures has what is behind each Capture of a test that runs.
var captures sync.Map // of Capture to *capturing

// Capture has the packets that the fixture's interfaces receive and send from now on, until the test ends: those that
// filter returns true for, or all if it is nil. Interfaces that are made later are included. A loopback
// receives what it sends, which is one packet.
//
//	capture := client.Capture(t, func(p *nstest.Packet) bool { return p.Protocol() == "TCP" })
//	get(t, client, "http://192.0.2.2/")
//	for p := range capture.All() {
//		t.Log(p) // eth0 out, TCP SYN 192.0.2.1:40612 > 192.0.2.2:80, 74 bytes
//	}
//
// The filter is called by a goroutine that nstest starts: it must not fail the test, or wait.
//
// Reading packets does not change them: between interfaces of one machine the kernel passes on TCP segments that are as large
// as 64 KB, and leaves out checksums. See [Packet].
func (f *Fixture) Capture(tb testing.TB, filter func(*Packet) bool) Capture {
	needTest(tb, "Fixture.Capture")
	tb.Helper()
	in := f.instance(tb)
	in.needNet(tb)
	c := &capturing{tb: tb, name: in.Name, out: make(chan *Packet, captureSlots), filter: filter}
	reader, err := packets.Open(in.Set, packets.Sink{Show: c.show})
	if err != nil {
		tb.Fatalf("nstest: %s: %v", in.Name, err)
	}
	c.reader = reader
	captures.Store(Capture(c.out), c)
	in.cleanup(tb, func() error {
		tb.Helper()
		return c.end()
	})
	return c.out
}

// show is called for one packet after the other.
func (c *capturing) show(read *packets.Packet) {
	p := newPacket(read)
	if c.filter != nil && !c.filter(p) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.lengths) > len(c.out) { // the test has received the oldest
		c.bytes -= c.lengths[0]
		c.lengths = c.lengths[1:]
	}
	if c.bytes+len(p.Data) > captureBytes {
		c.omitted++
		return
	}
	select {
	case c.out <- p:
		c.lengths = append(c.lengths, len(p.Data))
		c.bytes += len(p.Data)
	default:
		c.omitted++
	}
}

// end is the clean-up.
func (c *capturing) end() error {
	c.tb.Helper()
	lost, err := c.lost()
	err = errors.Join(err, c.reader.Close())
	captures.Delete(Capture(c.out))
	close(c.out)
	if lost > 0 {
		c.tb.Logf("nstest: %s: the capture lacks %d packets, which came faster than they were received", c.name, lost)
	}
	return err
}

func (c *capturing) lost() (uint64, error) {
	stats, err := c.reader.Stats()
	c.mu.Lock()
	defer c.mu.Unlock()
	return stats.Dropped + c.omitted, err
}

// behind returns what is behind the Capture, or nil if its test has ended.
func (c Capture) behind() *capturing {
	found, _ := captures.Load(c)
	behind, _ := found.(*capturing)
	return behind
}

// All returns the packets until now that were not received yet, and does not wait for others. Those of what the test
// has seen the effect of are there, such as those of an answer that was received.
func (c Capture) All() iter.Seq[*Packet] {
	return func(yield func(*Packet) bool) {
		if b := c.behind(); b != nil {
			b.tb.Helper()
			if err := b.reader.Flush(); err != nil {
				b.tb.Fatalf("nstest: %s: %v", b.name, err)
			}
		}
		for range len(c) {
			select {
			case p, ok := <-c:
				if !ok || !yield(p) {
					return
				}
			default: // another goroutine receives, too
				return
			}
		}
	}
}

// Lost returns how many packets are not in the capture, because the kernel or the Capture had no room for them. Those that the
// filter would have left out may be among them. A test that expects a packet not to come expects this to be 0.
// Once the test has ended it is 0.
func (c Capture) Lost() uint64 {
	b := c.behind()
	if b == nil {
		return 0
	}
	b.tb.Helper()
	lost, err := b.lost()
	if err != nil {
		b.tb.Fatalf("nstest: %s: %v", b.name, err)
	}
	return lost
}
