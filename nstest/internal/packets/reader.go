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

// The ring of a socket has 4 MB: room for what comes in 20 ms at 100,000 frames a second. Frames that are
// larger than slotFrame wait in the socket's queue.
const slotFrame, slots = 1800, 2048

// batch is how many frames are read at most before others may run.
const batch = 64

// A Reader shows the packets of one network namespace. Its methods may be called by any goroutine.
type Reader struct {
	sink Sink
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

// A Sink gets what is read, by one call after the other: by a goroutine of the Reader, or by one that calls Flush,
// Stats or Close. Its functions must not block or call the Reader, but may end the
// goroutine.
type Sink struct {
	Show    func(*Packet) // which must not keep the Packet
	Drained func()        // may be nil: no more packets are there, or others may run before they are read
}

// Open begins to read.
func Open(s set.Set, sink Sink) (*Reader, error) {
	net, err := s.Dup(set.NS_NET)
	if err != nil {
		return nil, fmt.Errorf("capture packets: %w", err)
	}
	socket, err := inside.Get(net, func() (*sys.CaptureSocket, error) { return sys.OpenCapture(slotFrame, slots) })
	if err := errors.Join(err, net.Close()); err != nil {
		return nil, fmt.Errorf("capture packets: %w", err)
	}
	r := &Reader{sink: sink, done: make(chan struct{}), socket: socket, interfaces: make(map[int]*known)}
	go r.run()
	return r, nil
}

// run reads until Close. A Sink may end the goroutine (runtime.Goexit): then another one goes on.
func (r *Reader) run() {
	ended := false
	defer func() {
		if !ended {
			go r.run()
		}
	}()
	for r.next() {
		runtime.Gosched() // a test that waits for one of these packets comes first
	}
	ended = true
	close(r.done)
}

// next waits for packets and shows them. It reports whether there will be others.
func (r *Reader) next() bool {
	err := r.socket.Await(r.ready)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.fail(err)
	}
	_, err = r.drain()
	return err == nil
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
	defer func() {
		r.socket.Release(n)
		if n > 0 && r.sink.Drained != nil {
			r.sink.Drained()
		}
	}()
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
	return n, r.err
}

// read shows one packet.
func (r *Reader) read(f *sys.CapturedFrame) {
	if f.Form == sys.OtherForm {
		r.stats.Other++
		return
	}
	r.stats.Received++
	if len(f.Data) < f.Length {
		r.stats.Truncated++
	}
	r.packet = Packet{
		At: f.At, Interface: r.interfaceOf(f), Outgoing: f.Outgoing, Data: f.Data, Length: f.Length, ChecksumLeft: !f.Checksum, Segments: f.Segments,
	}
	r.sink.Show(&r.packet)
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

// stop reports whether it is the first to be called.
func (r *Reader) stop() (first bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false, nil
	}
	defer func() { r.closed = true }()
	return true, errors.Join(r.flush(), r.countDropped())
}

// Close flushes and ends. Nothing is shown once it has returned.
func (r *Reader) Close() error {
	first, err := r.stop()
	if !first {
		return nil
	}
	if e := r.socket.Wake(); e != nil {
		return errors.Join(err, e) // and it runs on, since nobody can tell it
	}
	<-r.done
	return errors.Join(err, r.socket.Close())
}
