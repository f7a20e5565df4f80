// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
	"golang.org/x/sys/unix"
)

// A rawSocket is one of packet(7) on eth0 of a fixture, as tcpdump has it.
type rawSocket struct {
	t  *testing.T
	fd int
}

func newRawSocket(t *testing.T, f *nstest.Fixture) rawSocket {
	t.Helper()
	return newRawSocketAt(t, f, "eth0")
}

func newRawSocketAt(t *testing.T, f *nstest.Fixture, name string) rawSocket {
	t.Helper()
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	r := rawSocket{t: t, fd: -1}
	f.Do(func() {
		index, err := net.InterfaceByName(name)
		if err != nil {
			t.Fatal(err)
		}
		r.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		timeout := unix.NsecToTimeval(int64(10 * time.Second))
		for _, err := range []error{
			unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1),
			unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
			unix.SetsockoptTimeval(r.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout),
			unix.Bind(r.fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: index.Index}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Cleanup(func() {
		if err := unix.Close(r.fd); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r rawSocket) send(frame []byte) {
	r.t.Helper()
	if _, err := unix.Write(r.fd, frame); err != nil {
		r.t.Fatalf("%d bytes: %v", len(frame), err)
	}
}

// receive returns the next frame as it was on the cable: with the tag of a VLAN that the kernel has taken out of it.
func (r rawSocket) receive() []byte {
	r.t.Helper()
	frame, control := make([]byte, 1<<17), make([]byte, 256)
	n, controlled, _, _, err := unix.Recvmsg(r.fd, frame, control, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	frame = frame[:n]
	messages, err := unix.ParseSocketControlMessage(control[:controlled])
	if err != nil || len(messages) != 1 {
		r.t.Fatalf("%d control messages, %v", len(messages), err)
	}
	aux := (*unix.TpacketAuxdata)(unsafe.Pointer(&messages[0].Data[0]))
	if aux.Status&unix.TP_STATUS_VLAN_VALID != 0 {
		tag := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, aux.Vlan_tpid), aux.Vlan_tci)
		frame = append(frame[:12:12], append(tag, frame[12:]...)...)
	}
	return frame
}

// silent makes a fixture whose kernel says nothing on its own.
func silent(t *testing.T, name string) *nstest.Fixture {
	t.Helper()
	f := nstest.New(t, gonso.NS_NET, nstest.Named(name))
	f.SetSysctl("net.ipv6.conf.default.disable_ipv6", "1")
	return f
}

// testFrame is an Ethernet frame of that size, whose header goes on with more.
func testFrame(size int, more ...byte) []byte {
	frame := append([]byte{2, 0, 0x5e, 0, 0x53, 2, 2, 0, 0x5e, 0, 0x53, 1}, more...)
	for i := len(frame); i < size; i++ {
		frame = append(frame, byte(i*7))
	}
	return frame
}

func TestEveryByteArrivesAsItWasSent(t *testing.T) {
	for _, mtu := range []int{1500, 9000, 65535} {
		t.Run(fmt.Sprint(mtu), func(t *testing.T) {
			a, b := silent(t, "a"), silent(t, "b")
			w := wire.Join(t, a, b, wire.MTU(mtu))
			var seen [][]byte
			remove := w.Filter(func(f *wire.Frame) wire.Verdict {
				seen = append(seen, f.Bytes())
				return wire.Pass
			})
			from, to := newRawSocket(t, a), newRawSocket(t, b)
			frames := [][]byte{
				testFrame(14, 0x12, 0x34),
				testFrame(60, 0x12, 0x34),
				testFrame(64, 0x81, 0x00, 0x00, 0x05, 0x12, 0x34),                         // VLAN 5
				testFrame(64, 0x81, 0x00, 0xe0, 0x05, 0x08, 0x06),                         // with a priority
				testFrame(64, 0x81, 0x00, 0x00, 0x00, 0x12, 0x34),                         // VLAN 0, which is a priority alone
				testFrame(64, 0x88, 0xa8, 0x00, 0x07, 0x81, 0x00, 0x00, 0x05, 0x12, 0x34), // QinQ (IEEE 802.1ad)
				testFrame(64, 0x05, 0xdc),                                                 // a length: IEEE 802.3
				testFrame(mtu+14, 0x12, 0x34),
				testFrame(min(mtu+18, 65535), 0x81, 0x00, 0x00, 0x05, 0x12, 0x34),
				testFrame(60, 0xff, 0xff),
			}
			for i, frame := range frames {
				from.send(frame)
				if got := to.receive(); !bytes.Equal(got, frame) {
					t.Errorf("frame %d has arrived as %d bytes, % .20x, want %d bytes, % .20x", i, len(got), got, len(frame), frame)
				}
			}
			remove()
			c := w.Counters(a)
			if c.Delivered != uint64(len(frames)) || c.Received != c.Delivered {
				t.Errorf("%v, want %d frames", c, len(frames))
			}
			if _, far := w.Ends(); far.Stats().RxPackets != uint64(len(frames)) {
				t.Errorf("b has received %d packets, want nothing but the %d frames of a", far.Stats().RxPackets, len(frames))
			}
			if len(seen) != len(frames) {
				t.Fatalf("the filter has seen %d frames, want %d", len(seen), len(frames))
			}
			for i, frame := range frames {
				if !bytes.Equal(seen[i], frame) {
					t.Errorf("the filter has seen frame %d as %d bytes, % .20x, want % .20x", i, len(seen[i]), seen[i], frame)
				}
			}
		})
	}
}

// valid says what is wrong with a frame that a cable would carry.
func valid(f *wire.Frame, mtu int) string {
	if n := len(f.Bytes()); n > mtu+14 {
		return fmt.Sprintf("%d bytes", n)
	}
	network := f.Packet().NetworkLayer()
	var sum func([]byte) ([]byte, error)
	switch udp, tcp := f.UDP(), f.TCP(); {
	case tcp != nil:
		sum = func(b []byte) ([]byte, error) { return checksummed(network, tcp, b) }
	case udp != nil:
		sum = func(b []byte) ([]byte, error) { return checksummed(network, udp, b) }
	default:
		return ""
	}
	want, err := sum(f.Payload())
	transport := f.Packet().TransportLayer()
	if err != nil || !bytes.Equal(want, append(bytes.Clone(transport.LayerContents()), transport.LayerPayload()...)) {
		return fmt.Sprintf("with a wrong checksum: %v (%v)", f.Packet(), err)
	}
	return ""
}

// checksummed returns the segment or datagram with the checksum that it should have.
func checksummed(network gopacket.NetworkLayer, transport interface {
	gopacket.SerializableLayer
	SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
}, payload []byte) ([]byte, error) {
	if err := transport.SetNetworkLayerForChecksum(network); err != nil {
		return nil, err
	}
	buffer := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{ComputeChecksums: true}, transport, gopacket.Payload(payload))
	return buffer.Bytes(), err
}

func TestAFilterSeesWhatACableWouldCarry(t *testing.T) {
	w, a, b := joined(t)
	kinds, wrong := make(map[string]int), make(map[string]int)
	remove := w.Filter(func(f *wire.Frame) wire.Verdict {
		for _, l := range f.Packet().Layers() {
			kinds[l.LayerType().String()]++
		}
		if what := valid(f, 1500); what != "" {
			wrong[what]++
		}
		return wire.Pass
	})
	large := strings.Repeat("large ", 1<<16)
	send(t, a, b, "192.0.2.2", large)
	send(t, b, a, "2001:db8::1", large)
	for _, to := range []string{"192.0.2.2", "2001:db8::2"} {
		segmented(t, a, b, to)
	}
	remove()
	for _, kind := range []gopacket.LayerType{layers.LayerTypeARP, layers.LayerTypeIPv4, layers.LayerTypeIPv6, layers.LayerTypeTCP, layers.LayerTypeUDP, layers.LayerTypeICMPv6NeighborSolicitation} {
		if kinds[kind.String()] == 0 {
			t.Errorf("the filter has seen no %v, only %v", kind, kinds)
		}
	}
	for what, n := range wrong {
		t.Errorf("%d times a frame %s", n, what)
	}
}

// segmented sends ten datagrams by one call, which the kernel or the interface takes apart (udp(7), UDP_SEGMENT).
func segmented(t *testing.T, a, b *nstest.Fixture, to string) {
	t.Helper()
	listener := b.ListenPacket("udp", net.JoinHostPort(to, "0"))
	conn, err := a.DialContext(t.Context(), "udp", listener.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*net.UDPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	segment := func(size int) {
		var failed error
		if err := raw.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, size) }); err != nil || failed != nil {
			t.Fatal(err, failed)
		}
	}
	segment(1000)
	_, err = conn.Write(make([]byte, 10_000))
	if errors.Is(err, unix.EIO) {
		segment(0)
		if _, err := conn.Write(make([]byte, 1000)); err != nil {
			t.Error(err)
		}
		t.Logf("UDP_SEGMENT to %s: %v: until Linux 6.11 it takes an interface that completes checksums (net/ipv4/udp.c, udp_send_skb)", to, err)
		return
	}
	if err != nil {
		t.Errorf("UDP_SEGMENT to %s: %v", to, err)
		return
	}
	if err := listener.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if n, _, err := listener.ReadFrom(make([]byte, 1<<16)); n != 1000 || err != nil {
			t.Fatalf("%d bytes, %v", n, err)
		}
	}
}

// A frame that is sent while a filter is busy with another one has its delay from then on.
func TestADelayBeginsWhenTheFrameIsSent(t *testing.T) {
	const delay, busy = 200 * time.Millisecond, 100 * time.Millisecond
	w, a, b := joined(t, wire.Delay(delay))
	to := b.ListenPacket("udp", "192.0.2.2:0")
	from, err := a.DialContext(t.Context(), "udp", to.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	if err := to.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	say := func(text string) {
		if _, err := from.Write([]byte(text)); err != nil {
			t.Error(err)
		}
	}
	hear := func() string {
		buf := make([]byte, 10)
		n, _, err := to.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
	say("address") // ARP is over
	hear()
	sent := make(chan time.Time, 1)
	w.Filter(func(f *wire.Frame) wire.Verdict {
		if string(f.Payload()) == "first" {
			said := make(chan bool)
			time.AfterFunc(busy, func() {
				sent <- time.Now()
				say("second")
				close(said)
			})
			<-said
		}
		return wire.Pass
	})
	say("first")
	hear()
	if text := hear(); text != "second" {
		t.Errorf("%q arrives", text)
	}
	if took := time.Since(<-sent); took < delay {
		t.Errorf("a frame has taken %v, want %v at least", took, delay)
	}
}
