// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"fmt"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
)

// A Verdict says what happens to a frame: Pass, Drop, or Pass changed by methods, which can be combined:
//
//	return wire.Pass.After(50 * time.Millisecond).Times(2)
type Verdict struct{ v cable.Verdict }

// Pass delivers a frame, and Drop loses it.
var (
	Pass = Verdict{}
	Drop = Verdict{cable.Verdict{Drop: true}}
)

// After delays the frame, in addition to the delay of the wire. Frames behind it can overtake it. It panics if d is
// negative.
func (v Verdict) After(d time.Duration) Verdict {
	if d < 0 {
		panic(fmt.Sprintf("wire: After(%v): no frame arrives before it was sent", d))
	}
	v.v.Delay += d
	return v
}

// Times makes the frame arrive n times; not at all if n is 0. It panics if n is negative, or more than 10,000, which
// is also the most that all filters together can make of a frame.
func (v Verdict) Times(n int) Verdict {
	if n < 0 || n > cable.MaxCopies {
		panic(fmt.Sprintf("wire: Times(%d): a frame arrives 0 to %d times", n, cable.MaxCopies))
	}
	v.v.Drop = v.v.Drop || n == 0
	v.v.Copies = max(0, n-1)
	return v
}

// Corrupt flips one bit of the frame, anywhere from the Ethernet header on.
func (v Verdict) Corrupt() Verdict {
	v.v.Corrupt = true
	return v
}

// With replaces the frame by these bytes: an Ethernet frame with its header, and without its checksum. The
// caller computes the checksums inside of it, for instance by SerializeLayers of package gopacket. It panics if the frame
// is shorter than the header, 14 bytes. One that is longer than the other end takes is counted as Refused.
func (v Verdict) With(frame []byte) Verdict {
	if len(frame) < headerSize {
		panic(fmt.Sprintf("wire: With(%d bytes): an Ethernet frame has a header of %d bytes: return wire.Drop to lose it", len(frame), headerSize))
	}
	v.v.Data = bytes.Clone(frame)
	return v
}

// headerSize is ETH_HLEN. The kernel pads what is shorter for who has CAP_SYS_RAWIO, and refuses it otherwise (Linux 6.18,
// dev_validate_header).
const headerSize = 14
