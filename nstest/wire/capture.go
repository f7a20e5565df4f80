// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"fmt"
	"io"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

// Capture writes all frames from now on to out, as pcapng, which Wireshark reads. The capture has one interface
// for each fixture, with its name. Each frame is there twice, as one fixture has sent it and as it has arrived
// at the other, or once if it was lost. The capture is complete when the test has ended, before the clean-ups
// that were registered earlier, such as one that closes a file.
func (w *Wire) Capture(out io.Writer) {
	w.tb.Helper()
	r, err := newRecord(out, w.a.Name(), w.b.Name())
	if err != nil {
		w.fatal("capture", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = append(w.records, r)
}

// A record is what a writer gets.
type record struct {
	writer *pcapgo.NgWriter
	err    error // the first one
}

func newRecord(out io.Writer, names ...string) (r *record, err error) {
	r = new(record)
	for i, name := range names {
		port := pcapgo.DefaultNgInterface
		port.Name, port.LinkType = name, layers.LinkTypeEthernet
		if i == 0 {
			r.writer, err = pcapgo.NewNgWriterInterface(out, port, pcapgo.DefaultNgWriterOptions)
		} else {
			_, err = r.writer.AddInterface(port)
		}
		if err != nil {
			return nil, err
		}
	}
	return r, r.writer.Flush()
}

func (r *record) add(e cable.Event) {
	if r.err != nil {
		return
	}
	at := int(e.Direction)
	if e.Left {
		at = 1 - at
	}
	info := gopacket.CaptureInfo{Timestamp: e.At, CaptureLength: len(e.Data), Length: len(e.Data), InterfaceIndex: at}
	var options pcapgo.NgPacketOptions
	if fate := e.What(); fate != "" {
		options.Comments = []string{fate}
	}
	r.err = r.writer.WritePacketWithOptions(info, e.Data, options)
}

// end writes what is left to be written.
func (r *record) end() error {
	if err := errors.Join(r.err, r.writer.Flush()); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	return nil
}

// names returns the names of sender and receiver.
func names(d impair.Direction, a, b string) (from, to string) {
	if d == impair.BToA {
		return b, a
	}
	return a, b
}
