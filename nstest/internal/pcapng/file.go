// SPDX-License-Identifier: Apache-2.0

package pcapng

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// MostBytes is how large a file may be.
const MostBytes = 256 << 20

// A File is a capture that is being written. Its methods may be called by any goroutine.
type File struct {
	path string

	mu      sync.Mutex
	file    *os.File
	buffer  bytes.Buffer // blocks that are to be written
	writer  *pcapgo.NgWriter
	size    int64 // of what is in the file
	header  int64 // of which so many bytes are that of the section
	most    int64
	secrets []byte
	scratch []byte
	left    uint64 // packets that were left out
	err     error  // why, if it is not the size
	closed  bool
}

// An Interface is one of a File.
type Interface struct {
	id       int
	received uint64
}

// A Packet is what is to be written of one.
type Packet struct {
	At       time.Time
	Outgoing bool
	IP       bool // Data has no Ethernet header
	Data     []byte
	Length   int
	Comment  string // may be empty
	Sign     Sign   // the same
}

// A Sign says of a packet what programs are to know, besides the comment for people. It is in the file as the verdict of a device,
// whose bytes mean what the device wants (draft-ietf-opsawg-pcapng, epb_verdict).
type Sign string

// The signs.
const (
	Bad     Sign = "bad"      // it did not arrive as it was sent
	CleanUp Sign = "clean-up" // of a note: the test has failed, and its clean-up begins
)

// SignOf returns the sign of a packet that was read, or none.
func SignOf(read pcapgo.NgPacketOptions) Sign {
	for _, v := range read.Verdicts {
		if v.Type == pcapgo.NgEpbVerdictTypeHardware {
			return Sign(v.Data)
		}
	}
	return ""
}

// Create makes the file, which must not be there, with an interface for notes. The text says what it is of.
func Create(path, text string) (f *File, notes *Interface, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, nil, err
	}
	f = &File{path: path, file: file, most: MostBytes}
	first := description("test", "what the test did, each in a frame of a type that means nothing")
	options := pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{
		Hardware: runtime.GOARCH, OS: runtime.GOOS, Application: "nstest", Comment: clean(text),
	}}
	if f.writer, err = pcapgo.NewNgWriterInterface(&f.buffer, first, options); err == nil {
		err = f.writer.Flush()
	}
	if err == nil {
		f.header = int64(binary.LittleEndian.Uint32(f.buffer.Bytes()[4:])) // the length of the first block
		f.write()
		err = f.err
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close(), os.Remove(path))
	}
	return f, new(Interface), nil
}

func description(name, text string) pcapgo.NgInterface {
	return pcapgo.NgInterface{Name: clean(name), Description: clean(text), OS: runtime.GOOS, LinkType: layers.LinkTypeEthernet, TimestampResolution: 9}
}

// clean makes an option of a text: its length has 16 bits.
func clean(text string) string {
	const most = 1 << 15
	return text[:min(len(text), most)]
}

// AddInterface adds an interface.
func (f *File) AddInterface(name, text string) *Interface {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := new(Interface)
	f.add(func() (err error) {
		i.id, err = f.writer.AddInterface(description(name, text))
		return err
	})
	return i
}

// add has a block added to what is to be written. The lock is held.
func (f *File) add(block func() error) {
	if f.err != nil || f.closed {
		return
	}
	if err := errors.Join(block(), f.writer.Flush()); err != nil {
		f.fail(err)
	}
}

func (f *File) fail(err error) {
	f.err = err
	f.buffer.Reset()
}

// AddPacket adds a packet. It keeps nothing of it.
func (f *File) AddPacket(i *Interface, p *Packet) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i.received++
	if f.err != nil || f.closed || f.size+int64(f.buffer.Len()+len(p.Data)) > f.most {
		f.left++
		return
	}
	data, length := p.Data, p.Length
	if p.IP {
		f.scratch = append(append(f.scratch[:0], ethernet(p.Data)...), p.Data...)
		data, length = f.scratch, length+len(f.scratch)-len(p.Data)
	}
	flags := pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionInbound}
	if p.Outgoing {
		flags.Direction = pcapgo.NgEpbFlagDirectionOutbound
	}
	options := pcapgo.NgPacketOptions{Flags: &flags}
	if p.Comment != "" {
		options.Comments = []string{clean(p.Comment)}
	}
	if p.Sign != "" {
		options.Verdicts = []pcapgo.NgEpbVerdict{{Type: pcapgo.NgEpbVerdictTypeHardware, Data: []byte(p.Sign)}}
	}
	info := gopacket.CaptureInfo{Timestamp: p.At, CaptureLength: len(data), Length: max(length, len(data)), InterfaceIndex: i.id}
	f.add(func() error { return f.writer.WritePacketWithOptions(info, data, options) })
}

// ethernet returns a header for a packet of IP that has none.
func ethernet(packet []byte) []byte {
	header := make([]byte, 14)
	kind := layers.EthernetTypeIPv4
	if len(packet) > 0 && packet[0]>>4 == 6 {
		kind = layers.EthernetTypeIPv6
	}
	binary.BigEndian.PutUint16(header[12:], uint16(kind))
	return header
}

// AddNote adds a text, as a comment on a frame of the interface of notes that carries it, and writes it.
func (f *File) AddNote(notes *Interface, at time.Time, text string, sign Sign) {
	frame := make([]byte, 12, 64)
	frame = binary.BigEndian.AppendUint16(frame, 0x88b5) // for experiments (IEEE 802)
	frame = append(frame, clean(text)...)
	f.AddPacket(notes, &Packet{At: at, Outgoing: true, Data: frame, Length: len(frame), Comment: text, Sign: sign})
	f.Write()
}

// AddSecrets adds lines of a key log of TLS.
func (f *File) AddSecrets(lines []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.secrets = append(f.secrets, lines...)
	f.add(func() error { return f.writer.WriteDecryptionSecretsBlock(pcapgo.DSB_SECRETS_TYPE_TLS, lines) })
	f.write()
}

// AddStats adds what was counted of an interface up to a moment. Dropped is nil where it is not known.
func (f *File) AddStats(i *Interface, at time.Time, dropped *uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	stats := pcapgo.NgInterfaceStatistics{LastUpdate: at, PacketsReceived: i.received, PacketsDropped: pcapgo.NgNoValue64}
	if dropped != nil {
		stats.PacketsDropped = *dropped
		stats.PacketsReceived += *dropped
	}
	f.add(func() error { return f.writer.WriteInterfaceStats(i.id, stats) })
}

// Write writes what was added.
func (f *File) Write() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.write()
}

func (f *File) write() {
	if f.err != nil || f.closed || f.buffer.Len() == 0 {
		return
	}
	n, err := f.file.Write(f.buffer.Bytes())
	if err != nil {
		if n > 0 { // a part of a block may be there
			err = errors.Join(err, f.file.Truncate(f.size))
		}
		f.fail(err)
		return
	}
	f.size += int64(n)
	f.buffer.Reset()
}

// Path returns the file's path.
func (f *File) Path() string { return f.path }

// Complaint says what the file lacks, and why, or nothing.
func (f *File) Complaint() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.err != nil:
		return fmt.Sprintf("it has what there was until this error: %v (%d packets are left out)", f.err, f.left)
	case f.left > 0:
		return fmt.Sprintf("it has what fits into %d MB: %d packets are left out", f.most>>20, f.left)
	}
	return ""
}

// Close writes what is left to be written, puts the file in order, and closes it.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil
	}
	f.write()
	f.closed = true
	err := f.sort()
	return errors.Join(err, f.file.Close())
}

// Discard closes and removes the file.
func (f *File) Discard() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return errors.Join(f.file.Close(), os.Remove(f.path))
}
