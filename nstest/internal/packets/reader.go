// SPDX-License-Identifier: Apache-2.0

package packets

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// The ring of a socket has 2 MB: room for what comes in 10 ms at 100,000 frames a second. Frames that are
// larger than slotFrame wait in the socket's queue.
const slotFrame, slots = 1800, 1024

// batch is how many frames are read at most before others may run.
const batch = 64

// A Reader shows the packets of one network namespace. Its methods may be called by any goroutine.
type Reader struct {
	show func(*Packet)
	done chan struct{}

	mu         sync.Mutex
	socket     *sys.CaptureSocket
	interfaces map[int]*known
	drains     uint64
	packet     Packet
	stats      Stats
	closed     bool
	err        error // the first one
}

// A known interface is one that packets were read of.
type known struct {
	*Interface
	checked uint64 // in which drain it was last asked for its name
}

// Open begins to read. Each packet is shown to show, by one call after the other: by a goroutine of the Reader, or
// by one that calls Flush, Stats or Close. It must not block, call the Reader, or keep the Packet.
func Open(s set.Set, show func(*Packet)) (*Reader, error) {
	net, err := s.Dup(set.NS_NET)
	if err != nil {
		return nil, fmt.Errorf("capture packets: %w", err)
	}
	socket, err := inside.Get(net, func() (*sys.CaptureSocket, error) { return sys.OpenCapture(slotFrame, slots) })
	if err := errors.Join(err, net.Close()); err != nil {
		return nil, fmt.Errorf("capture packets: %w", err)
	}
	r := &Reader{show: show, done: make(chan struct{}), socket: socket, interfaces: make(map[int]*known)}
	go r.run()
	return r, nil
}

func (r *Reader) run() {
	defer close(r.done)
	for {
		err := r.socket.Await(r.ready)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		r.mu.Lock()
		if err != nil {
			r.fail(err)
		}
		_, err = r.drain()
		r.mu.Unlock()
		if err != nil {
			return
		}
		runtime.Gosched() // a test that waits for one of these packets comes first
	}
}

func (r *Reader) ready() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.socket.Ready()
}

// fail notes an error after which nothing is read any more. The lock is held.
func (r *Reader) fail(err error) {
	if r.err == nil {
		r.err = fmt.Errorf("capture packets: %w", err)
	}
}

// drain shows packets that are there, as many as batch. The lock is held.
func (r *Reader) drain() (n int, err error) {
	r.drains++
	for r.err == nil && n < batch {
		frame, ok, err := r.socket.Ahead(n)
		if err != nil {
			r.fail(err)
		}
		if !ok {
			break
		}
		n++
		r.read(&frame)
	}
	r.socket.Release(n)
	return n, r.err
}

// read shows one packet.
func (r *Reader) read(f *sys.CapturedFrame) {
	if f.Form == sys.OtherForm {
		r.stats.Other++
		return
	}
	if f.Form == sys.Loopback && f.Outgoing {
		return // it is received as well
	}
	r.stats.Received++
	if len(f.Data) < f.Length {
		r.stats.Truncated++
	}
	r.packet = Packet{
		At: f.At, Interface: r.interfaceOf(f), Outgoing: f.Outgoing, Data: f.Data, Length: f.Length, ChecksumLeft: !f.Checksum, Segments: f.Segments,
	}
	r.show(&r.packet)
}

// interfaceOf returns the interface of a frame, which may have another name than before.
func (r *Reader) interfaceOf(f *sys.CapturedFrame) *Interface {
	k := r.interfaces[f.Interface]
	if k != nil && k.checked == r.drains {
		return k.Interface
	}
	name, err := r.socket.InterfaceName(f.Interface)
	switch {
	case err != nil && k != nil: // it is gone, or in another namespace
		name = k.Name
	case err != nil:
		name = fmt.Sprintf("if%d", f.Interface)
	}
	now := Interface{Index: f.Interface, Name: name, IP: f.Form == sys.IP}
	if k == nil || *k.Interface != now {
		k = &known{Interface: &now}
		r.interfaces[f.Interface] = k
	}
	k.checked = r.drains
	return k.Interface
}

// Flush shows what was received before it was called. It returns what has kept the Reader from reading, if anything has.
func (r *Reader) Flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.flush()
}

// flush ends even if packets come faster than they are read: those that the ring has no room for came later.
func (r *Reader) flush() error {
	for left := 0; !r.closed && left < r.socket.Slots(); {
		n, err := r.drain()
		if err != nil || n == 0 && !r.socket.Writing() {
			break
		}
		if n == 0 {
			runtime.Gosched()
		}
		left += n
	}
	return r.err
}

// Stats flushes, and returns what was counted.
func (r *Reader) Stats() (Stats, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := errors.Join(r.flush(), r.countDropped())
	return r.stats, err
}

func (r *Reader) countDropped() error {
	if r.closed {
		return nil
	}
	n, err := r.socket.Dropped()
	r.stats.Dropped += n
	return err
}

// Close flushes and ends. Nothing is shown once it has returned.
func (r *Reader) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	err := errors.Join(r.flush(), r.countDropped())
	r.closed = true
	r.mu.Unlock()
	if e := r.socket.Wake(); e != nil {
		return errors.Join(err, e) // and it runs on, since nobody can tell it
	}
	<-r.done
	return errors.Join(err, r.socket.Close())
}
