// SPDX-License-Identifier: Apache-2.0

package packets_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/packets"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
)

// A capture has what was read in one fixture.
type capture struct {
	*packets.Reader
	mu   sync.Mutex
	list []packets.Packet
}

func open(t *testing.T, f *nstest.Fixture) *capture {
	t.Helper()
	c := new(capture)
	r, err := packets.Open(f.Set(), packets.Sink{Show: func(p *packets.Packet) {
		kept := *p
		kept.Data = bytes.Clone(p.Data)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.list = append(c.list, kept)
	}})
	if err != nil {
		t.Fatal(err)
	}
	c.Reader = r
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// all returns what was received until now.
func (c *capture) all(t *testing.T) []packets.Packet {
	t.Helper()
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.list)
}

// with describes the packets that carry a text, such as "eth0 out 60".
func (c *capture) with(t *testing.T, text string) (list []string) {
	t.Helper()
	for _, p := range c.all(t) {
		if bytes.Contains(p.Data, []byte(text)) {
			direction := "in"
			if p.Outgoing {
				direction = "out"
			}
			list = append(list, fmt.Sprintf("%s %s %d", p.Interface.Name, direction, p.Length))
		}
	}
	return list
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// say sends a datagram, and has returned when it was received.
func say(t *testing.T, from, to *nstest.Fixture, address, text string) {
	t.Helper()
	conn := to.ListenPacket("udp", net.JoinHostPort(address, "0"))
	out, err := from.DialContext(t.Context(), "udp", conn.LocalAddr().String())
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
}

func pair(t *testing.T) (a, b *nstest.Fixture, near, far *link.Link) {
	t.Helper()
	a, b = nstest.New(t, gonso.NS_NET, nstest.Named("a")), nstest.New(t, gonso.NS_NET, nstest.Named("b"))
	near, far = link.Veth(t, a, b, link.Name("eth0"), link.Address("192.0.2.1/24"), link.Peer(link.Name("eth1"), link.Address("192.0.2.2/24")))
	return a, b, near, far
}

// 14 bytes of Ethernet, 20 of IPv4, 8 of UDP.
const udpHeaders = 42

// 14 bytes of Ethernet, 20 of IPv4, 20 of TCP and 12 of its options. A SYN has 8 more options.
const tcpHeaders, synHeaders = 66, 74

func TestAFrameIsSeenAtBothEndsAtOnce(t *testing.T) {
	a, b, _, _ := pair(t)
	before := time.Now()
	inA, inB := open(t, a), open(t, b)
	say(t, a, b, "192.0.2.2", "hello")
	expect(t, inA.with(t, "hello"), fmt.Sprintf("eth0 out %d", udpHeaders+5))
	expect(t, inB.with(t, "hello"), fmt.Sprintf("eth1 in %d", udpHeaders+5))
	for _, p := range append(inA.all(t), inB.all(t)...) {
		if p.At.Before(before.Round(0)) || p.At.After(time.Now()) {
			t.Errorf("a packet of %v, want one between %v and now", p.At, before)
		}
		if p.Interface.IP || len(p.Data) != p.Length {
			t.Errorf("%+v of %+v", p, p.Interface)
		}
	}
}

func TestWhatALoopbackDoesIsSeenOnce(t *testing.T) {
	f := nstest.New(t, gonso.NS_NET)
	c := open(t, f)
	say(t, f, f, "127.0.0.1", "to myself")
	expect(t, c.with(t, "to myself"), fmt.Sprintf("lo in %d", udpHeaders+9))
}

func TestInterfacesComeAndGoAndChangeTheirNames(t *testing.T) {
	f := nstest.New(t, gonso.NS_NET, nstest.Named("late"))
	c := open(t, f)
	other := nstest.New(t, gonso.NS_NET, nstest.Named("other"))
	near, _ := link.Veth(t, f, other, link.Name("first"), link.Address("192.0.2.1/24"), link.Peer(link.Address("192.0.2.2/24")))
	say(t, f, other, "192.0.2.2", "one")
	c.with(t, "one") // it has the name of now
	near.Rename("second")
	say(t, f, other, "192.0.2.2", "two")
	c.with(t, "two")
	near.Delete()
	say(t, f, f, "127.0.0.1", "three")
	three := c.with(t, "three")
	expect(t, slices.Concat(c.with(t, "one"), c.with(t, "two"), three), "first out 45", "second out 45", "lo in 47")
}

func TestPacketsOfATunHaveNoHeaderOfTheLink(t *testing.T) {
	f := nstest.New(t, gonso.NS_NET)
	if probe.Named("tun").OK == probe.No {
		if text := failure.Text(t, func(tb testing.TB) { link.Tun(tb, f) }); !strings.Contains(text, "this machine lacks tun") {
			t.Error(text)
		}
		return
	}
	_, file := link.Tun(t, f, link.Name("tun0"), link.Address("192.0.2.1/24"))
	c := open(t, f)
	conn, err := f.DialContext(t.Context(), "udp", "192.0.2.9:9")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "tunnelled"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 2048)
	n := 0
	for !bytes.HasSuffix(buf[:n], []byte("tunnelled")) { // the kernel says something by itself as well
		if n, err = file.Read(buf); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, c.with(t, "tunnelled"), fmt.Sprintf("tun0 out %d", n))
	if all := c.all(t); !all[len(all)-1].Interface.IP {
		t.Errorf("%+v", all)
	}
}

func TestTheTagOfAVLANIsThere(t *testing.T) {
	_, b, near, _ := pair(t)
	tagged := slices.Concat(bytes.Repeat([]byte{0xff}, 6), []byte{2, 0, 0, 0, 0, 1, 0x81, 0, 0, 7, 0x88, 0xb5}, []byte(strings.Repeat("tagged ", 9)))
	c := open(t, b)
	var err error
	near.Fixture().Do(func() {
		var p *sys.PacketSocket
		if p, err = sys.OpenPacket(near.Index(), 1500, 8); err != nil {
			return
		}
		if _, err = p.Send([][]byte{tagged}); err == nil {
			err = p.Close()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	say(t, near.Fixture(), b, "192.0.2.2", "after it")
	expect(t, c.with(t, "tagged"), fmt.Sprintf("eth1 in %d", len(tagged)))
	if i := slices.IndexFunc(c.all(t), func(p packets.Packet) bool { return bytes.Equal(p.Data, tagged) }); i < 0 {
		t.Errorf("no packet has the bytes of the frame")
	}
}

// What a veth carries is read whole, and said to be what no cable would carry.
func TestSegmentsThatADeviceIsToCutAreReadWhole(t *testing.T) {
	a, b, _, _ := pair(t)
	c := open(t, a)
	listener := b.Listen("tcp", "192.0.2.2:0")
	received := make(chan error, 1)
	const size = 1 << 20
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			_, err = io.CopyN(io.Discard, conn, size)
			conn.Close()
		}
		received <- err
	}()
	conn, err := a.DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if err := <-received; err != nil {
		t.Fatal(err)
	}
	stats, err := c.Stats()
	if err != nil {
		t.Fatal(err)
	}
	large, marked, carried := 0, 0, 0
	all := c.all(t)
	for _, p := range all {
		if p.Outgoing && p.Length > synHeaders {
			carried += p.Length - tcpHeaders
		}
		if len(p.Data) > 1514 {
			large++
			if p.ChecksumLeft && p.Segments {
				marked++
			}
		}
	}
	if large == 0 || marked != large || carried < size || stats != (packets.Stats{Received: uint64(len(all))}) {
		t.Errorf("%d packets are larger than the MTU, %d of them marked; %d bytes, want %d; %+v", large, marked, carried, size, stats)
	}
}

// flood sends datagrams that nobody receives, and returns once the kernel has taken them all.
func flood(t *testing.T, from *nstest.Fixture, address string, n int) {
	t.Helper()
	conn, err := from.DialContext(t.Context(), "udp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range n {
		// That nobody listens is said by the next one.
		if _, err := io.WriteString(conn, "flood"); err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatal(err)
		}
	}
}

func TestWhatTheKernelDroppedIsCounted(t *testing.T) {
	f := nstest.New(t, gonso.NS_NET)
	f.AddAddress("lo", "192.0.2.1/32")
	first, goOn := make(chan struct{}), make(chan struct{})
	var count int
	r, err := packets.Open(f.Set(), packets.Sink{Show: func(p *packets.Packet) {
		if count++; count == 1 {
			close(first)
			<-goOn // as nobody may, so that the ring is full
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	const sent = 5000
	flood(t, f, "192.0.2.1:9", 1)
	<-first
	flood(t, f, "192.0.2.1:9", sent)
	close(goOn)
	stats, err := r.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if stats.Dropped < sent/2 || stats.Received != uint64(count) || stats.Truncated != 0 {
		t.Errorf("%+v, and %d were shown", stats, count)
	}
	if again, err := r.Stats(); err != nil || again != stats {
		t.Errorf("%+v (%v) once it is closed, want %+v", again, err, stats)
	}
}

func TestASetThatIsClosedIsReadToTheEnd(t *testing.T) {
	f := nstest.New(t, gonso.NS_NET)
	c := open(t, f)
	own, err := f.Set().Dup(gonso.NS_NET)
	if err != nil {
		t.Fatal(err)
	}
	closed, err := packets.Open(own, packets.Sink{Show: func(*packets.Packet) {}})
	if err != nil {
		t.Fatal(err)
	}
	if err := own.Close(); err != nil {
		t.Fatal(err)
	}
	say(t, f, f, "127.0.0.1", "after it")
	if stats, err := closed.Stats(); err != nil || stats.Received != uint64(len(c.all(t))) || stats.Received == 0 {
		t.Errorf("%+v, %v", stats, err)
	}
	for range 2 {
		if err := errors.Join(closed.Close(), closed.Flush()); err != nil {
			t.Error(err)
		}
	}
	if _, err := packets.Open(own, packets.Sink{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("%v of a Set that is closed", err)
	}
}
