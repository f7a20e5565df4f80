// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/packets"
)

// String describes the frame in a line, such as "frame 5, b to a, TCP FIN ACK 192.0.2.2:80 > 192.0.2.1:40612, 66 bytes". One
// of [Decode] has no number.
func (f *Frame) String() string {
	if f == nil {
		return "<nil>"
	}
	if f.From == nil {
		return fmt.Sprintf("%s, %d bytes", f.Summary(), len(f.data))
	}
	return fmt.Sprintf("frame %d, %s to %s, %s, %d bytes", f.Number, f.From.Name(), f.To.Name(), f.Summary(), len(f.data))
}

// Summary describes an Ethernet frame, see [Frame.Summary].
func Summary(frame []byte) string { return packets.Decode(frame, false).String() }

// Summary describes the frame without its number and length, such as "TCP SYN 192.0.2.1:40612 > 192.0.2.2:80", as
// [nstest.Packet.Summary] does.
func (f *Frame) Summary() string { return packets.Decode(f.data, f.ip).String() }
