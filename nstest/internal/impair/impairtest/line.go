// SPDX-License-Identifier: Apache-2.0

// Package impairtest has the conformance tests of all that impairs links: whatever does so
// passes Conform, so that a delay or a loss means the same everywhere.
//
// What depends on chance is counted over thousands of frames, with bounds of six standard deviations: a right
// implementation fails once in 500 million times. What depends on time is only ever too early: an arrival
// that is late may be the machine's load.
package impairtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A Line joins two hosts, a and b. Nothing but the test sends frames over it, but for ARP.
type Line struct {
	A, B     Host
	Impairer impair.Impairer
	Seeded   bool // the same seed and frames have the same fate

	// Entered is how many frames the impairer has taken in, nil if it takes them in as they are sent.
	Entered func(impair.Direction) uint64
}

// A Host is an end of a Line.
type Host struct {
	Set       set.Set
	Address   netip.Addr // IPv4
	Interface string     // the end of the line
}

// A direction is one of a line, with a socket at each end.
type direction struct {
	t        *testing.T
	line     Line
	of       impair.Direction
	from, to net.PacketConn
	target   net.Addr
	begin    time.Time
	sent     int
}

// An arrival is a datagram that has come.
type arrival struct {
	number int
	flight time.Duration // since it was sent
	at     time.Duration // since the first one was sent
}

// Frames are headers and a payload, which has a number and the time.
const (
	headers   = 14 + 20 + 8
	stamp     = 8 + 8
	end       = -1  // the number of the last one
	burst     = 100 // frames, for all of which a socket has room, also twice
	frameSize = 200 // of most
)

// open makes the sockets of a direction. The line does nothing yet.
func open(t *testing.T, line Line, of impair.Direction) *direction {
	t.Helper()
	from, to := line.A, line.B
	if of == impair.BToA {
		from, to = to, from
	}
	d := &direction{t: t, line: line, of: of}
	d.from, d.to = listen(t, from), listen(t, to)
	d.target = d.to.LocalAddr()
	d.mark() // ARP is done after that
	if got := d.read(); len(got) != 0 {
		t.Fatalf("%v have arrived before any was sent", got)
	}
	d.begin, d.sent = time.Now(), 0
	return d
}

func listen(t *testing.T, h Host) net.PacketConn {
	t.Helper()
	c, err := h.Set.ListenPacket("udp4", netip.AddrPortFrom(h.Address, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	// Room for all that is sent at once; the kernel gives as much as it lets programs have.
	if err := c.(*net.UDPConn).SetReadBuffer(1 << 22); err != nil {
		t.Fatal(err)
	}
	return c
}

// set gives the direction other rules.
func (d *direction) set(r impair.Rules, seed uint64) {
	d.t.Helper()
	if err := r.Check(); err != nil {
		d.t.Fatal(err)
	}
	if err := d.line.Impairer.Set(d.of, r, seed); err != nil {
		d.t.Fatalf("%v: %v", r, err)
	}
}

// send sends frames of that size.
func (d *direction) send(frames, size int) {
	d.t.Helper()
	payload := make([]byte, size-headers)
	entered := d.line.Entered
	if entered == nil {
		entered = func(impair.Direction) uint64 { return uint64(d.sent) }
	}
	want := entered(d.of) + uint64(frames)
	for range frames {
		d.write(payload, d.sent)
		d.sent++
	}
	for start := time.Now(); entered(d.of) < want; runtime.Gosched() {
		if time.Since(start) > deadline {
			d.t.Fatalf("after %v only %d frames have entered, want %d", deadline, entered(d.of), want)
		}
	}
}

func (d *direction) write(payload []byte, number int) {
	d.t.Helper()
	for i := range payload {
		payload[i] = byte(number + i)
	}
	binary.BigEndian.PutUint64(payload, uint64(number))
	binary.BigEndian.PutUint64(payload[8:], uint64(time.Since(d.begin)))
	if _, err := d.from.WriteTo(payload, d.target); err != nil {
		d.t.Fatal(err)
	}
}

// mark sends the end of what read reads, over a line that does nothing to it.
func (d *direction) mark() {
	d.t.Helper()
	d.write(make([]byte, stamp), end)
}

// deadline is for what never comes.
const deadline = 20 * time.Second

// read returns what arrives until the mark does.
func (d *direction) read() (list []arrival) {
	d.t.Helper()
	for {
		a := d.next()
		if a.number == end {
			return list
		}
		list = append(list, a)
	}
}

// readAll returns so many arrivals, with nothing after them but the mark.
func (d *direction) readAll(frames int) (list []arrival) {
	d.t.Helper()
	for range frames {
		list = append(list, d.next())
	}
	d.set(impair.Rules{}, 0)
	d.mark()
	if more := d.read(); len(more) > 0 {
		d.t.Errorf("%d frames have arrived, and then %d more", frames, len(more))
	}
	return list
}

// next returns the next arrival.
func (d *direction) next() arrival {
	d.t.Helper()
	if err := d.to.SetReadDeadline(time.Now().Add(deadline)); err != nil {
		d.t.Fatal(err)
	}
	buffer := make([]byte, 2048)
	n, _, err := d.to.ReadFrom(buffer)
	if err != nil {
		d.t.Fatalf("after %d frames: %v", d.sent, err)
	}
	a, err := parse(buffer[:n], time.Since(d.begin))
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

func parse(payload []byte, now time.Duration) (arrival, error) {
	if len(payload) < stamp {
		return arrival{}, fmt.Errorf("a datagram of %d bytes has arrived", len(payload))
	}
	number := int(int64(binary.BigEndian.Uint64(payload)))
	for i, b := range payload[stamp:] {
		if b != byte(number+stamp+i) {
			return arrival{}, fmt.Errorf("datagram %d has arrived with another byte %d", number, stamp+i)
		}
	}
	return arrival{number, now - time.Duration(binary.BigEndian.Uint64(payload[8:])), now}, nil
}

// sample sends bursts of frames by the rules, each with a seed of its own, and returns how often each one has
// arrived. The rules delay nothing. The kernel may have a frame overtake others, if the test moves from one processor to
// another meanwhile.
func (d *direction) sample(r impair.Rules, bursts int) (arrivals []int) {
	d.t.Helper()
	first := d.sent
	arrivals = make([]int, bursts*burst)
	for i := range bursts {
		d.set(r, uint64(i+1))
		d.send(burst, frameSize)
		d.set(impair.Rules{}, 0)
		d.mark()
		for _, a := range d.read() {
			arrivals[a.number-first]++
		}
	}
	return arrivals
}
