// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A CaptureSocket is a socket of packet(7) that is shown what all interfaces of a network namespace receive and send, those
// included that are yet to come. It receives by a ring, as a [PacketSocket] does.
//
// One goroutine at a time may use it, other than Await and Wake. It is not to be used once it is closed.
type CaptureSocket struct {
	packets *PacketSocket
	file    *os.File // a second descriptor of it, for which Go's poller waits
	conn    syscall.RawConn
}

// form returns that of a frame, and how many bytes of a header of the link are to be left out.
func form(h *unix.Tpacket2Hdr, address *unix.RawSockaddrLinklayer) (Form, int) {
	switch address.Hatype {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return Ethernet, 0
	}
	switch bigEndian(address.Protocol) {
	case unix.ETH_P_IP, unix.ETH_P_IPV6: // a tunnel, which may have no header, or one that nobody else can read
		return IP, int(h.Net) - int(h.Mac)
	}
	return OtherForm, 0
}

// notTwice is a filter (socket(7), SO_ATTACH_FILTER) that does without what a loopback sends, since it also receives that. Loads
// are of what the kernel knows of a packet (linux/filter.h).
var notTwice = [...]unix.SockFilter{
	{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: ancillary + 4}, // SKF_AD_PKTTYPE
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.PACKET_OUTGOING, Jf: 3},
	{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: ancillary + 28}, // SKF_AD_HATYPE
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.ARPHRD_LOOPBACK, Jf: 1},
	{Code: unix.BPF_RET | unix.BPF_K},
	{Code: unix.BPF_RET | unix.BPF_K, K: 1 << 18}, // as many bytes, which no packet has
}

// ancillary is SKF_AD_OFF.
const ancillary = 0xfffff000

// captureBlock is how much of the ring the kernel takes at once, in bytes: page by page it takes milliseconds.
const captureBlock = 1 << 16

// captureQueue is what frames may take that are larger than a slot and wait to be read, in bytes.
const captureQueue = 16 << 20

// OpenCapture makes a socket in the calling thread's network namespace, where it stays. Frames up to that size take the short
// way; those that are larger are received, too, as long as the kernel has room for them (SO_RCVBUF), and else their beginning is.
func OpenCapture(size, slots int) (c *CaptureSocket, err error) {
	// Without a protocol nothing is received before the ring is there.
	n, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket AF_PACKET", err)
	}
	c = &CaptureSocket{packets: &PacketSocket{fd: NewFD(n), slots: slots, large: make([]byte, largestFrame), block: captureBlock}}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	// More than net.core.rmem_max is for root of the machine only; others have that.
	if unix.SetsockoptInt(n, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, captureQueue) != nil {
		if err := unix.SetsockoptInt(n, unix.SOL_SOCKET, unix.SO_RCVBUF, captureQueue); err != nil {
			return nil, os.NewSyscallError("setsockopt SO_RCVBUF", err)
		}
	}
	program := unix.SockFprog{Len: uint16(len(notTwice)), Filter: &notTwice[0]}
	if err := unix.SetsockoptSockFprog(n, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program); err != nil {
		return nil, os.NewSyscallError("setsockopt SO_ATTACH_FILTER", err)
	}
	if c.file, err = c.packets.fd.File("packet socket"); err != nil {
		return nil, err
	}
	if c.conn, err = c.file.SyscallConn(); err != nil {
		return nil, err
	}
	if err := c.file.SetReadDeadline(time.Time{}); err != nil { // Go's poller does not wait for it
		return nil, err
	}
	return c, c.packets.open(0, size)
}

// Ready reports whether there is a frame that has not been released.
func (c *CaptureSocket) Ready() bool { return c.packets.ready(c.packets.next) }

// Writing reports whether the kernel is still writing the next frame, on one processor, and has written later ones on others.
func (c *CaptureSocket) Writing() bool {
	for n := 1; n <= min(runtime.NumCPU(), c.packets.slots-1); n++ {
		if c.packets.ready((c.packets.next + n) % c.packets.slots) {
			return !c.Ready()
		}
	}
	return false
}

// Ahead returns the frame that is n places behind the next one to be released, if it has been received. It is asked
// for one after the other, once for each n.
func (c *CaptureSocket) Ahead(n int) (f CapturedFrame, ok bool, err error) {
	p := c.packets
	slot := (p.next + n) % p.slots
	if n >= p.slots || !p.ready(slot) {
		return f, false, nil
	}
	h := p.header(slot)
	// The address is behind the header (packet_mmap.rst), at a multiple of TPACKET_ALIGNMENT.
	const align = 16
	address := (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&p.ring[slot*p.slot+int((unsafe.Sizeof(*h)+align-1)&^(align-1))]))
	f = CapturedFrame{
		At: p.ReceivedAt(n), Interface: int(address.Ifindex), Outgoing: address.Pkttype == unix.PACKET_OUTGOING, Length: int(h.Len),
		Checksum: h.Status&unix.TP_STATUS_CSUMNOTREADY == 0, Segments: h.Status&unix.TP_STATUS_GSO_TCP != 0,
	}
	without := int(h.Snaplen)
	if h.Status&unix.TP_STATUS_COPY != 0 {
		without = f.Length
	}
	if f.Data, _, err = p.frame(slot); err != nil {
		return f, false, os.NewSyscallError("recvfrom", err)
	}
	f.Length += len(f.Data) - without // the tag of a VLAN
	var header int
	f.Form, header = form(h, address)
	header = min(header, len(f.Data))
	f.Data, f.Length = f.Data[header:], f.Length-header
	return f, true, nil
}

// Release gives the kernel back the slots of the first n frames.
func (c *CaptureSocket) Release(n int) { c.packets.Release(n) }

// Slots is how many frames the ring has room for.
func (c *CaptureSocket) Slots() int { return c.packets.slots }

// Dropped returns how many frames the socket had no room for since it was last asked.
func (c *CaptureSocket) Dropped() (uint64, error) {
	n, err := c.packets.Dropped()
	return n, os.NewSyscallError("getsockopt PACKET_STATISTICS", err)
}

// InterfaceName returns what the interface of that index is called now, in the socket's namespace.
func (c *CaptureSocket) InterfaceName(index int) (string, error) {
	request := ifreqIndex{index: int32(index)} // of which x/sys has no form for SIOCGIFNAME
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(c.packets.fd.Int()), unix.SIOCGIFNAME, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return "", os.NewSyscallError("ioctl SIOCGIFNAME", errno)
	}
	return unix.ByteSliceToString(request.name[:]), nil
}

// An ifreqIndex is a struct ifreq, see netdevice(7).
type ifreqIndex struct {
	name  [unix.IFNAMSIZ]byte
	index int32
	_     [20]byte
}

// Await waits until ready, which it calls each time something may have come, is true. Once Wake has been called it
// returns [os.ErrDeadlineExceeded].
func (c *CaptureSocket) Await(ready func() bool) error {
	return c.conn.Read(func(uintptr) bool { return ready() })
}

// Wake ends the wait that is going on, and each one after it.
func (c *CaptureSocket) Wake() error { return c.file.SetReadDeadline(time.Unix(1, 0)) }

// Close closes the socket. The frames that it has returned are gone. Nobody may wait.
func (c *CaptureSocket) Close() error {
	var err error
	if c.file != nil {
		err = c.file.Close()
	}
	return errors.Join(err, c.packets.Close())
}
