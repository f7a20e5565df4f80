// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"encoding/binary"
	"errors"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A PacketSocket is a socket of packet(7) on one interface: it takes in what the interface receives,
// and sends what it is given, frame by frame. It receives by a ring of slots in memory that it shares
// with the kernel (PACKET_RX_RING), so that a frame that is there already takes no system call.
//
// One goroutine at a time may use it. It is not to be used once it is closed.
type PacketSocket struct {
	fd    *FD
	ring  []byte
	slot  int // size of each, in bytes
	slots int
	next  int // the slot that the kernel fills next, or has filled
	large []byte
	block int // of the ring, in bytes: a power of two, or 0 for the least

	messages []mmsghdr
	vectors  []unix.Iovec
}

// A mmsghdr is the kernel's struct of that name, see sendmmsg(2).
type mmsghdr struct {
	header unix.Msghdr
	length uint32
	_      [(unsafe.Sizeof(uintptr(0)) - 4) % 8]byte
}

// SendBatch is how many frames a [PacketSocket] sends by one system call.
const SendBatch = 64

// vlanBytes is the length of a VLAN tag (IEEE 802.1Q), addressBytes that of the two addresses before it.
const vlanBytes, addressBytes = 4, 12

// largestFrame is what any interface may receive: its MTU is 65535 at most, beside the header.
const largestFrame = 1<<16 + 64

// OpenPacket makes a socket for the interface of that index in the calling thread's network namespace,
// where it stays. Frames up to that size, with a tag of a VLAN besides, take the short way; those that are
// larger are received, too.
func OpenPacket(index, size, slots int) (p *PacketSocket, err error) {
	// Without a protocol nothing is received before bind(2) names the interface.
	n, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	p = &PacketSocket{fd: NewFD(n), slots: slots, large: make([]byte, largestFrame)}
	p.messages, p.vectors = make([]mmsghdr, SendBatch), make([]unix.Iovec, SendBatch)
	err = p.options(
		option{unix.PACKET_IGNORE_OUTGOING, 1}, // not what others send by the interface
		option{unix.PACKET_QDISC_BYPASS, 1})
	if err == nil {
		err = p.open(index, size)
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *PacketSocket) open(index, size int) error {
	page := unix.Getpagesize()
	// The kernel puts its header, an address and some padding before the frame (packet_mmap.rst): 80 bytes.
	p.slot = 128
	for p.slot < size+vlanBytes+80 {
		p.slot *= 2
	}
	block := max(page, p.slot, p.block)
	perBlock := block / p.slot
	p.slots = (p.slots + perBlock - 1) / perBlock * perBlock
	err := p.options(
		option{unix.PACKET_VERSION, unix.TPACKET_V2},
		option{unix.PACKET_COPY_THRESH, 1}, // what is larger than a slot waits for recvmsg(2), whole
	)
	if err != nil {
		return err
	}
	request := unix.TpacketReq{
		Block_size: uint32(block), Block_nr: uint32(p.slots / perBlock),
		Frame_size: uint32(p.slot), Frame_nr: uint32(p.slots),
	}
	if err := unix.SetsockoptTpacketReq(p.fd.Int(), unix.SOL_PACKET, unix.PACKET_RX_RING, &request); err != nil {
		return err
	}
	ring, err := unix.Mmap(p.fd.Int(), 0, p.slot*p.slots, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	p.ring = ring
	return unix.Bind(p.fd.Int(), &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ALL), Ifindex: index})
}

// An option is one of setsockopt(2), at the level of packet(7).
type option struct{ name, value int }

func (p *PacketSocket) options(list ...option) error {
	for _, o := range list {
		if err := unix.SetsockoptInt(p.fd.Int(), unix.SOL_PACKET, o.name, o.value); err != nil {
			return err
		}
	}
	return nil
}

// bigEndian has the bytes of n in the order of the network, wherever it is kept in that of the machine.
func bigEndian(n uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, n))
}

func (p *PacketSocket) header(slot int) *unix.Tpacket2Hdr {
	return (*unix.Tpacket2Hdr)(unsafe.Pointer(&p.ring[slot*p.slot]))
}

// ready reports whether a slot has a frame.
func (p *PacketSocket) ready(slot int) bool {
	return atomic.LoadUint32(&p.header(slot).Status)&unix.TP_STATUS_USER != 0
}

// Ahead returns the frame that is n places behind the next one to be released, as a cable would carry it, or nil if it has
// not been received. It is asked for one after the other, once for each n. What it returns is good until it is released, and may be
// written to.
func (p *PacketSocket) Ahead(n int) (frame []byte, lost bool, err error) {
	slot := (p.next + n) % p.slots
	if n >= p.slots || !p.ready(slot) {
		return nil, false, nil
	}
	frame, whole, err := p.frame(slot)
	if err != nil || !whole {
		return nil, err == nil, err
	}
	return frame, false, nil
}

// frame returns what is in a slot, or waits for recvmsg(2) because of its size. It is called once for each frame.
func (p *PacketSocket) frame(slot int) (frame []byte, whole bool, err error) {
	h := p.header(slot)
	status := h.Status
	data := p.ring[slot*p.slot : (slot+1)*p.slot]
	begin, end, whole := int(h.Mac), int(h.Mac)+int(h.Snaplen), h.Snaplen >= h.Len
	if status&unix.TP_STATUS_COPY != 0 {
		if data, err = p.receiveLarge(); err != nil {
			return nil, false, err
		}
		begin, end, whole = vlanBytes, len(data), true
	}
	if status&unix.TP_STATUS_VLAN_VALID == 0 || end-begin < addressBytes {
		return data[begin:end], whole, nil
	}
	// The kernel has taken the tag of a VLAN out of the frame. There is room for it in front.
	tagged := data[begin-vlanBytes : end]
	copy(tagged, tagged[vlanBytes:vlanBytes+addressBytes])
	protocol := uint16(unix.ETH_P_8021Q)
	if status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
		protocol = h.Vlan_tpid
	}
	binary.BigEndian.PutUint16(tagged[addressBytes:], protocol)
	binary.BigEndian.PutUint16(tagged[addressBytes+2:], h.Vlan_tci)
	return tagged, whole, nil
}

// receiveLarge returns the next frame that no slot has room for, behind the bytes of a tag.
func (p *PacketSocket) receiveLarge() ([]byte, error) {
	var n int
	err := Retry(func() (err error) { n, _, err = unix.Recvfrom(p.fd.Int(), p.large, unix.MSG_DONTWAIT); return err })
	if err != nil {
		return nil, err
	}
	return append(make([]byte, vlanBytes, vlanBytes+n), p.large[:n]...), nil
}

// Release gives the kernel back the slots of the first n frames.
func (p *PacketSocket) Release(n int) {
	for range n {
		atomic.StoreUint32(&p.header(p.next).Status, unix.TP_STATUS_KERNEL)
		p.next = (p.next + 1) % p.slots
	}
}

// Send sends frames, [SendBatch] at most, and returns how many of them are done with. The first of the others is the one that
// the error is about.
func (p *PacketSocket) Send(frames [][]byte) (sent int, err error) {
	frames = frames[:min(len(frames), SendBatch)]
	if len(frames) == 0 {
		return 0, nil
	}
	for i, frame := range frames {
		p.vectors[i].Base = &frame[0]
		p.vectors[i].SetLen(len(frame))
		p.messages[i].header.Iov = &p.vectors[i]
		p.messages[i].header.SetIovlen(1)
	}
	for {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(p.fd.Int()), uintptr(unsafe.Pointer(&p.messages[0])), uintptr(len(frames)), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}

// Dropped returns how many frames the socket had no room for since it was last asked.
func (p *PacketSocket) Dropped() (uint64, error) {
	stats, err := unix.GetsockoptTpacketStats(p.fd.Int(), unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0, err
	}
	return uint64(stats.Drops), nil
}

// ClearError has the socket forget an error that the kernel has left in it, such as that its interface was switched off, which the
// next call would return otherwise. It may be called while others use the socket.
func (p *PacketSocket) ClearError() error {
	_, err := unix.GetsockoptInt(p.fd.Int(), unix.SOL_SOCKET, unix.SO_ERROR)
	return err
}

// Close closes the socket. The frames that it has returned are gone.
func (p *PacketSocket) Close() error {
	var err error
	if p.ring != nil {
		err = unix.Munmap(p.ring)
		p.ring = nil
	}
	return errors.Join(err, p.fd.Close())
}
