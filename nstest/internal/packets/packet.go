// SPDX-License-Identifier: Apache-2.0

package packets

import "time"

// An Interface is one of the namespace's, as it was called when the packet was read. A new name makes it another one.
type Interface struct {
	Index int
	Name  string // if it is gone by then and nothing was read of it before, such as "if7"
	IP    bool   // its packets begin with the header of IP, and with that of Ethernet otherwise
}

// A Packet is a frame that an interface has received or sent. A loopback does both, which is one Packet.
type Packet struct {
	At        time.Time // by the kernel's clock
	Interface *Interface
	Outgoing  bool
	Data      []byte // good while the function is called that is shown it
	Length    int    // in bytes; Data has fewer if there was no room for the rest

	// ChecksumLeft says that the checksum of its TCP segment or UDP datagram is not there: a device
	// that sends it over a cable would add it.
	ChecksumLeft bool
	// Segments says that it is several TCP segments in one, which such a device would send one by one.
	Segments bool
}

// Stats count what a Reader has read.
type Stats struct {
	Received  uint64 // shown
	Dropped   uint64 // by the kernel, for which they came too fast
	Truncated uint64 // of those shown, how many lack their end
	Other     uint64 // neither Ethernet nor IP, and not shown
}
