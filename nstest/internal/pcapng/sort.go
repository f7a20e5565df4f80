// SPDX-License-Identifier: Apache-2.0

package pcapng

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// Types of blocks.
const (
	interfaceBlock = 1
	packetBlock    = 6
	secretsBlock   = 10
)

// A block is where it is in the file.
type block struct {
	at     int64
	length uint32
	rank   uint8 // those of a lower one come first
	time   uint64
}

// Ranks of blocks.
const (
	interfaces uint8 = iota
	packets
	statistics
)

// sort writes the file in order beside it, and puts it in its place. If that fails the file stays as it is.
func (f *File) sort() (err error) {
	blocks, err := f.blocks()
	if err != nil {
		return fmt.Errorf("read %s: %w", f.path, err)
	}
	slices.SortStableFunc(blocks, func(a, b block) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.time, b.time)) })
	next := f.path + ".sorted"
	out, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(f.writeSorted(out, blocks), out.Close())
	if err == nil {
		err = os.Rename(next, f.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("put %s in order: %w", f.path, err), os.Remove(next))
	}
	return nil
}

// blocks lists those of the file, but for the header of the section, and secrets.
func (f *File) blocks() (list []block, err error) {
	in := bufio.NewReaderSize(io.NewSectionReader(f.file, f.header, f.size-f.header), 1<<16)
	var head [20]byte
	for at := f.header; at < f.size; {
		if _, err := io.ReadFull(in, head[:8]); err != nil {
			return nil, err
		}
		b := block{at: at, length: binary.LittleEndian.Uint32(head[4:])}
		rest := int(b.length) - 8
		switch binary.LittleEndian.Uint32(head[:]) {
		case interfaceBlock:
			list = append(list, b)
		case packetBlock:
			if _, err := io.ReadFull(in, head[8:20]); err != nil {
				return nil, err
			}
			rest -= 12
			b.rank, b.time = packets, uint64(binary.LittleEndian.Uint32(head[12:]))<<32|uint64(binary.LittleEndian.Uint32(head[16:]))
			list = append(list, b)
		case secretsBlock:
		default:
			b.rank = statistics
			list = append(list, b)
		}
		if _, err := in.Discard(rest); err != nil {
			return nil, err
		}
		at += int64(b.length)
	}
	return list, nil
}

func (f *File) writeSorted(to io.Writer, blocks []block) error {
	out := bufio.NewWriterSize(to, 1<<16)
	if _, err := io.Copy(out, io.NewSectionReader(f.file, 0, f.header)); err != nil {
		return err
	}
	if len(f.secrets) > 0 {
		secrets, err := secretsOf(f.secrets)
		if err != nil {
			return err
		}
		if _, err := out.Write(secrets); err != nil {
			return err
		}
	}
	var data []byte
	for _, b := range blocks {
		data = slices.Grow(data[:0], int(b.length))[:b.length]
		if _, err := f.file.ReadAt(data, b.at); err != nil {
			return err
		}
		if _, err := out.Write(data); err != nil {
			return err
		}
	}
	return out.Flush()
}

// secretsOf makes a block, by a writer whose other blocks are left out.
func secretsOf(lines []byte) ([]byte, error) {
	var all bytes.Buffer
	w, err := pcapgo.NewNgWriter(&all, layers.LinkTypeEthernet)
	if err == nil {
		err = w.Flush()
	}
	before := all.Len()
	if err == nil {
		err = errors.Join(w.WriteDecryptionSecretsBlock(pcapgo.DSB_SECRETS_TYPE_TLS, lines), w.Flush())
	}
	return all.Bytes()[before:], err
}
